"""The status of a running stack."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stepcast.cli.executions import Execution, describe, newest_first
from stepcast.cli.problem_lines import error_lines
from stepcast.cli.stack import Stack
from stepcast.pipeline import layout, objects, vintages
from stepcast.pipeline.errors import ResourceNotFoundException
from stepcast.pipeline.problems import Report
from stepcast.pipeline.vintages import Manifest

if TYPE_CHECKING:
    from localaws import Message

__all__ = ["Situation", "look"]

ENDED_BADLY = ("FAILED", "TIMED_OUT", "ABORTED")
SHOWN_PROBLEMS = 20


@dataclass(frozen=True)
class Situation:
    """The newest executions, the current forecast, every message; what went wrong if the last run failed."""

    endpoint: str
    bucket: str
    executions: Sequence[Execution]
    manifest: Manifest | None
    messages: Sequence["Message"]
    report: dict[str, Any] | None
    failure: str | None


def look(stack: Stack, last: int) -> Situation:
    """The status with the ``last`` executions. A failure is shown until a later run succeeds."""
    executions = [describe(stack, arn) for arn in newest_first(stack)[:last]]
    ended = [one for one in executions if one.stopped and one.status != "SUPERSEDED"]
    failed = ended[0] if ended and ended[0].status in ENDED_BADLY else None
    report = _report(stack, failed) if failed else None
    return Situation(
        endpoint=stack.endpoint,
        bucket=stack.bucket,
        executions=executions,
        manifest=vintages.current(stack.s3, stack.bucket),
        messages=_messages(stack),
        report=json.loads(report.to_json()) if report else None,
        failure=_story(stack, failed, report) if failed else None,
    )


def _report(stack: Stack, execution: Execution) -> Report | None:
    key = layout.report(execution.run, "json")
    try:
        return Report.from_json(objects.read(stack.s3, stack.bucket, key).decode())
    except ResourceNotFoundException:
        return None  # it failed before anything was checked


def _story(stack: Stack, execution: Execution, report: Report | None) -> str:
    lines = [
        f"Run {execution.short_name} failed in {execution.state}: {execution.error}",
        execution.cause or "",
    ]
    if report and report.errors:
        count, *problems = error_lines(report, SHOWN_PROBLEMS)
        where = f"The complete report: s3://{stack.bucket}/{layout.report(execution.run, 'md')}"
        lines = [
            f"Run {execution.short_name} failed in {execution.state}: the input has {count}",
            *problems,
            where,
        ]
    return "\n".join(line for line in lines if line)


def _messages(stack: Stack) -> Sequence["Message"]:
    if stack.mailbox is None:
        return []
    from localaws import Mailbox

    return Mailbox(stack.mailbox).messages()
