"""A Choice state without a matching rule fails with States.NoChoiceMatched.

moto raises RuntimeError for it, which ends as States.Runtime (moto 5.2.5, state_choice.py).

Source: https://states-language.net/spec.html#appendix-a
"""

from contextlib import ExitStack
from typing import Any

from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.state.choice.state_choice import StateChoice

from localaws.patching import replace

__all__ = ["patch"]


def patch(undo: ExitStack) -> None:
    """Name the error."""
    eval_state = StateChoice._eval_state

    def run(self: Any, env: Any) -> None:
        try:
            eval_state(self, env)
        except RuntimeError as error:
            if "No branching option reached" not in str(error):
                raise
            kind = StatesErrorNameType.StatesNoChoiceMatched
            cause = (
                f"An error occurred while executing the state '{self.name}'. Failed to transition out of the "
                "state. The state does not point to a next state."
            )
            details: Any = {"executionFailedEventDetails": {"error": kind.to_name(), "cause": cause}}
            raise FailureEventException(
                FailureEvent(env, StatesErrorName(kind), HistoryEventType.ExecutionFailed, details)
            ) from error

    replace(undo, StateChoice, "_eval_state", run)
