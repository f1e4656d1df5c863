"""Messages for commands that fail: what failed, where, and what to change."""

import sys

from stepcast.connect.errors import ConnectorError
from stepcast.drafting.errors import CannotDraft

__all__ = ["Failure", "Stopped", "explain"]


class Failure(Exception):
    """A command failed as expected; the message is all that the user needs."""

    code = 1


class Stopped(Failure):
    """A signal stopped the command; the message describes the resulting state.

    ``code`` is 128 plus the signal's number, as in shells: 130 for Ctrl-C.
    """

    def __init__(self, message: str, code: int = 130) -> None:
        super().__init__(message)
        self.code = code


def explain(error: Exception) -> str | None:
    """The message for an expected failure; None for a bug, which keeps its traceback."""
    if isinstance(error, Failure | ConnectorError | CannotDraft):
        return str(error)
    if isinstance(error, ModuleNotFoundError):
        return _missing(error)
    if type(error).__module__.partition(".")[0] == "localaws":
        return str(error)  # its messages are written for users who deploy a template
    if isinstance(error, OSError) and error.filename is not None and error.strerror is not None:
        return f"{error.filename}: {error.strerror[:1].lower()}{error.strerror[1:]}"
    return _aws(error) if "botocore" in sys.modules else None


def _missing(error: ModuleNotFoundError) -> str | None:
    package = (error.name or "").partition(".")[0]
    if package in ("", "stepcast", "localaws"):
        return None  # not an extra: a bug
    return (
        f'this command requires the package {package}, which is not installed: pip install "stepcast[local]"'
    )


def _aws(error: Exception) -> str | None:
    from botocore.exceptions import (
        ClientError,
        ConnectionError,
        HTTPClientError,
        NoCredentialsError,
        NoRegionError,
        PartialCredentialsError,
    )

    if isinstance(error, NoCredentialsError | NoRegionError | PartialCredentialsError):
        return (
            f"AWS: {str(error).rstrip('.')}: set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and "
            "AWS_DEFAULT_REGION, or AWS_PROFILE; for the local stack also AWS_ENDPOINT_URL"
        )
    if isinstance(error, ConnectionError | HTTPClientError):
        return f"the local stack stopped responding ({error}): restart it with `stepcast up`"
    if isinstance(error, ClientError):
        answer = error.response["Error"]
        return f"{error.operation_name} failed with {answer['Code']}: {answer['Message']}"
    return None
