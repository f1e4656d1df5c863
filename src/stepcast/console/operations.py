"""The API of operations: functions and their logs, messages, drift, alarms."""

from datetime import UTC, datetime, timedelta
from typing import Any

from stepcast.console.answers import Answer, Refusal, json_answer
from stepcast.console.clients import Clients
from stepcast.console.log_lines import log_lines
from stepcast.console.requests import Request
from stepcast.console.stack import Stack
from stepcast.pipeline import vintages
from stepcast.pipeline.monitoring import summary

__all__ = ["Operations"]

MOST_MESSAGES = 50
ENDING = "Function"  # of logical ids


class Operations:
    """Of one stack."""

    def __init__(self, stack: Stack, clients: Clients) -> None:
        self._stack, self._clients = stack, clients

    def state(self, request: Request) -> Answer:
        """Functions, alarms, the newest messages, and what was found about drift before the forecast."""
        del request
        messages = self._messages()
        return json_answer(
            {
                "functions": [name.removesuffix(ENDING) for name in self._functions()],
                "alarms": self._alarms(),
                "messages": messages[:MOST_MESSAGES],
                "total_messages": len(messages),
                "drift": self._drift(),
                "workgroup": self._stack.outputs["WorkGroupName"],
                "credentials": str(self._stack.credentials) if self._stack.credentials else None,
                "output": self._stack.outputs["AthenaOutput"],
            }
        )

    def log(self, request: Request) -> Answer:
        """What a function wrote in the last hours."""
        name = f"{request.text('function')}{ENDING}"
        if name not in self._functions():
            raise Refusal(404, f"there is no function {request.text('function')!r}")
        since = datetime.now(UTC) - timedelta(hours=request.whole("hours", 24, 24 * 365))
        group = self._stack.resources[name]
        return json_answer(log_lines(self._clients["logs"], [group], since, datetime.now(UTC)))

    def _functions(self) -> list[str]:
        """Their logical ids."""
        return sorted(name for name in self._stack.resources if name.endswith(ENDING))

    def _alarms(self) -> list[dict[str, Any]]:
        own = set(self._stack.resources.values())
        pages = self._clients["cloudwatch"].get_paginator("describe_alarms").paginate()
        return [
            {
                "name": alarm["AlarmName"],
                "description": alarm.get("AlarmDescription", ""),
                "state": alarm["StateValue"],
            }
            for page in pages
            for alarm in page["MetricAlarms"]
            if alarm["AlarmName"] in own
        ]

    def _messages(self) -> list[dict[str, str]]:
        """The newest first; none where SNS sends them and keeps no copy."""
        if self._stack.mailbox is None:
            return []
        from localaws import Mailbox

        found = reversed(Mailbox(self._stack.mailbox).messages())
        return [{"when": one.when, "subject": one.subject, "body": one.body} for one in found]

    def _drift(self) -> dict[str, Any] | None:
        manifest = vintages.current(self._stack.s3, self._stack.bucket)
        found = summary.read(self._stack.s3, self._stack.bucket, manifest.vintage) if manifest else None
        return (
            None if found is None else {"state": found.state, "text": found.paragraph(), "drift": found.drift}
        )
