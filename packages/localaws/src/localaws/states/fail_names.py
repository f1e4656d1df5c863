"""A Fail state may pass on an error of Step Functions' own (``States.Timeout``) that a Catch has kept.

moto ends such an execution with a ValueError of Python's (moto 5.2.5, state_fail.py): it takes what ErrorPath
finds for the name of an error that somebody makes up.
"""

from contextlib import ExitStack

from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.state.fail import state_fail

from localaws.patching import replace

__all__ = ["patch"]


def patch(undo: ExitStack) -> None:
    """Let the state take any name."""
    replace(undo, state_fail, "CustomErrorName", ErrorName)
