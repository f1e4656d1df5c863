"""GetExecutionHistory in pages.

moto returns every event whatever ``maxResults`` and ``reverseOrder`` ask for, and writes what comes after an
execution's end, when a task that nobody waits for any more is done (moto 5.2.5, stepfunctions/responses.py).
"""

import base64
from contextlib import ExitStack
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.stepfunctions.responses import StepFunctionResponse

from localaws.patching import replace

__all__ = ["mend"]

_END = {"ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut"}
_PAGE = 100  # AWS's default; the most is 1000


class InvalidToken(ServiceException):
    """The page token is not one that was handed out."""

    code = "InvalidToken"


def mend(undo: ExitStack) -> None:
    """Replace StepFunctionResponse.get_execution_history."""

    def get_execution_history(self: Any) -> ActionResult:
        arn = self._get_param("executionArn")
        events = _until_the_end(self.stepfunction_backend.get_execution_history(arn)["events"])
        if self._get_param("reverseOrder"):
            events.reverse()
        start = _start(self._get_param("nextToken"))
        size = int(self._get_param("maxResults") or _PAGE)
        page: dict[str, Any] = {"events": events[start : start + size]}
        if start + size < len(events):
            page["nextToken"] = base64.b64encode(str(start + size).encode()).decode()
        return ActionResult(page)

    replace(undo, StepFunctionResponse, "get_execution_history", get_execution_history)


def _until_the_end(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for position, event in enumerate(events):
        if str(getattr(event["type"], "value", event["type"])) in _END:
            return events[: position + 1]
    return list(events)


def _start(token: str | None) -> int:
    if not token:
        return 0
    try:
        return int(base64.b64decode(token))
    except ValueError as error:
        raise InvalidToken(f"Invalid Token: '{token}'") from error
