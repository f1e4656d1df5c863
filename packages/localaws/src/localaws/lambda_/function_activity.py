"""Events that reach functions, and handlers that fail, reported as activities."""

import json
from typing import Any
from urllib.parse import unquote_plus

from localaws.activity import Reporter
from localaws.lambda_.invocation import Invocation
from localaws.lambda_.invoker import Invoker

__all__ = ["ReportingInvoker"]


class ReportingInvoker(Invoker):
    """An Invoker that reports."""

    def __init__(self, *arguments: Any, report: Reporter) -> None:
        super().__init__(*arguments)
        self._report = report

    def invoke(self, function: Any, payload: bytes, client_context: str | None = None) -> Invocation:
        invocation = super().invoke(function, payload, client_context)
        if invocation.error is not None and not self._closed:
            self._report(
                "function",
                "failed",
                function=function.function_name,
                outcome=invocation.error_type,
                detail=_story(invocation),
            )
        return invocation

    def invoke_later(self, name_or_arn: str, payload: bytes) -> None:
        if event := _event(payload):
            what, where = event
            self._report("delivery", what, where=where, function=name_or_arn.rpartition(":")[2])
        super().invoke_later(name_or_arn, payload)


def _story(invocation: Invocation) -> str:
    """The error's message and, where the handler raised it, the traceback as Python prints it."""
    trace = json.loads(invocation.payload).get("stackTrace")
    lines = [line.rstrip("\n") for line in trace] if isinstance(trace, list) else []
    return "\n".join([*lines, f"{invocation.error_type}: {invocation.error_message}"])


def _event(payload: bytes) -> tuple[str, str] | None:
    """What an event of S3 or EventBridge announces, and of what; None for any other payload."""
    try:
        event = json.loads(payload)
        if "detail-type" in event:
            return str(event["detail-type"]), str(event.get("source", ""))
        record = event["Records"][0]
        s3 = record["s3"]
        return str(record["eventName"]), f"s3://{s3['bucket']['name']}/{unquote_plus(s3['object']['key'])}"
    except (ValueError, TypeError, LookupError):
        return None
