"""Errors of Step Functions under their names.

Most of moto's have no code: they declare ``code``, and what writes the answer reads ``TYPE`` (moto 5.2.5,
parser/api.py), so a client sees ``An error occurred ()``.
"""

from contextlib import ExitStack

from moto.core.exceptions import AWSError
from moto.stepfunctions.parser import api

from localaws.patching import replace

__all__ = ["patch"]


def patch(undo: ExitStack) -> None:
    """Give every error of the API its TYPE."""
    for error in vars(api).values():
        if isinstance(error, type) and issubclass(error, AWSError) and "code" in vars(error):
            replace(undo, error, "TYPE", error.code)
