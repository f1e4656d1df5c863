"""What an invocation came to."""

import json
from dataclasses import dataclass

__all__ = ["Invocation"]


@dataclass(frozen=True, slots=True)
class Invocation:
    """The outcome of running a handler once.

    ``payload`` is the handler's JSON, or the error as Lambda reports it (errorType, errorMessage, ...);
    ``error`` is ``"Unhandled"`` for a failure and None for success; ``log`` is what was printed, with START,
    END and REPORT.
    """

    payload: bytes
    error: str | None
    log: str
    request_id: str = ""
    log_stream: str = ""

    @property
    def error_type(self) -> str | None:
        """The error's type: ``Sandbox.Timedout``, the name of an exception's class, ...; None for success."""
        return _field(self.payload, "errorType") if self.error else None

    @property
    def error_message(self) -> str | None:
        """The error's message; None for success."""
        return _field(self.payload, "errorMessage") if self.error else None


def _field(payload: bytes, name: str) -> str | None:
    try:
        document = json.loads(payload)
    except ValueError:
        return None
    return str(document.get(name)) if isinstance(document, dict) else None
