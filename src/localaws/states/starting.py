"""StartExecution: a name for who gives none, one execution a name.

moto makes an ARN that ends in ``:None`` when no name is given, and two requests at the same time may both
start an execution of the same name (moto 5.2.5, stepfunctions/parser/models.py).
"""

import threading
import uuid
from contextlib import ExitStack
from typing import Any

from moto.stepfunctions.parser.models import StepFunctionsParserBackend

from localaws.patching import replace

__all__ = ["mend"]


def mend(undo: ExitStack) -> None:
    """Replace StepFunctionsParserBackend.start_execution."""
    start: Any = StepFunctionsParserBackend.start_execution
    starting = threading.Lock()

    def start_execution(
        self: Any,
        state_machine_arn: str,
        name: str | None = None,
        execution_input: str | None = None,
        trace_header: Any = None,
    ) -> Any:
        if name:
            self._validate_name(name)
        with starting:
            return start(self, state_machine_arn, name or str(uuid.uuid4()), execution_input, trace_header)

    replace(undo, StepFunctionsParserBackend, "start_execution", start_execution)
