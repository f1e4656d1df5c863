"""Forget threads that have ended.

moto appends every thread of every execution to a list that nothing reads (moto 5.2.5,
stepfunctions/parser/utils.py, TMP_THREADS), so each execution stays in memory for ever. Its modules get a
list that keeps nothing.
"""

import importlib
from contextlib import ExitStack
from typing import Any

from localaws.patching import replace

__all__ = ["patch"]

_PARSER = "moto.stepfunctions.parser"
_MODULES = (
    f"{_PARSER}.asl.component.state.exec.state_map.iteration.inline_iteration_component",
    f"{_PARSER}.asl.component.state.exec.state_task.service.state_task_service_callback",
    f"{_PARSER}.asl.component.state.exec.state_parallel.branch_worker",
)


class _Forgetful(list[Any]):
    def append(self, thread: Any) -> None:
        """Keep nothing: a thread that runs keeps itself."""


def patch(undo: ExitStack) -> None:
    """Give moto's modules a TMP_THREADS that stays empty."""
    for module in _MODULES:
        replace(undo, importlib.import_module(module), "TMP_THREADS", _Forgetful())
