"""Notify: report how the run ended, in an SNS message."""

import json
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from stepcast.pipeline import failures, layout, objects, reports, tables, vintages
from stepcast.pipeline.errors import ResourceNotFoundException
from stepcast.pipeline.internal_errors import step
from stepcast.pipeline.log import log
from stepcast.pipeline.monitoring import summary
from stepcast.pipeline.problems import Report
from stepcast.pipeline.report_link import Kind, report_line
from stepcast.pipeline.run import Run

__all__ = ["Ending", "Failure", "notify"]

LONGEST_SUBJECT = 100  # SNS' limit
NOT_MONITORED = (
    "Drift was not checked, because the function MonitorDrift failed. The forecast is complete and not "
    "affected. Read the error in the log of MonitorDrift; the next run checks again."
)
LONGEST_CAUSE = 8_000  # characters; the state and the message stay small
JOB_REMEDY = (
    "Check that spark/job.py and spark/environment.tar.gz in the bucket are those of the deployed version; "
    "the job's log is in EMR Studio, under the stack's application"
)


class Failure(BaseModel):
    """An error as the state machine caught it."""

    model_config = ConfigDict(frozen=True, serialize_by_alias=True)

    error: str = Field(alias="Error")
    cause: str = Field("", alias="Cause")


class Ending(Run):
    """A run that has ended, successfully or with an error."""

    error: Failure | None = None


@step
def notify(ending: Ending, *, s3: Any, sns: Any, topic: str, link: Kind = "none") -> Ending:
    """Publish the message; return the ending, with a shard's own error in place of its Map's.

    ``link``  how the message leads to the report of the forecast; ``none``: there is no report.
    """
    if ending.error is None:
        subject, body = _success(ending, s3, link)
    else:
        ending = ending.model_copy(update={"error": _real(ending, ending.error, s3)})
        subject, body = _failure(ending, s3)
        objects.write(s3, ending.bucket, layout.failure_report(ending.run), f"# {subject}\n\n{body}\n")
    sns.publish(TopicArn=topic, Subject=subject[:LONGEST_SUBJECT], Message=body)
    log.info("notified", run=ending.run, subject=subject)
    return ending


def _real(ending: Ending, caught: Failure, s3: Any) -> Failure:
    """The error in readable form: a shard's own instead of its Map's, a message instead of Lambda's JSON."""
    if noted := failures.notes(s3, ending):
        more = f" ({len(noted) - 1} more shards failed)" if len(noted) > 1 else ""
        cause = noted[0]["Cause"] + more
        return Failure.model_validate({"Error": noted[0]["Error"], "Cause": cause[:LONGEST_CAUSE]})
    return Failure.model_validate({"Error": caught.error, "Cause": _told(caught.cause)[:LONGEST_CAUSE]})


def _told(cause: str) -> str:
    """What Lambda, or a job run of EMR Serverless, says in its JSON."""
    try:
        said = json.loads(cause)
    except ValueError:
        return cause
    if not isinstance(said, dict):
        return cause
    if "JobRunId" in said:
        return (
            f"job run {said['JobRunId']} of EMR Serverless ended as {said.get('State')}: "
            f"{said.get('StateDetails')}. {JOB_REMEDY}"
        )
    return str(said.get("errorMessage", cause))


def _success(ending: Ending, s3: Any, link: Kind) -> tuple[str, str]:
    found = vintages.find(s3, ending.bucket, ending.vintage)
    if found is None:
        raise ResourceNotFoundException(
            f"forecast vintage {ending.vintage} has no manifest: run Export first"
        )
    root, manifest = found
    items = "1 item" if manifest.items == 1 else f"{manifest.items:,} items"
    lines = [
        f"{items}, {manifest.horizon} steps of {manifest.frequency}: {manifest.first} to {manifest.last}.",
        _accuracy(manifest),
        *([f"Tuned: {manifest.tuned.told}."] if manifest.tuned else []),
        f"Files: s3://{ending.bucket}/{layout.vintage(root, ending.vintage)}",
        f"SQL: {_query(root, manifest)}",
    ]
    if link != "none":
        lines.append(report_line(s3, ending, link))
    report = reports.read(s3, ending)
    if report.warnings:
        lines.append(_warnings(ending, report))
    monitored = summary.read(s3, ending.bucket, ending.vintage)
    lines.append(monitored.paragraph() if monitored else NOT_MONITORED)
    return f"Stepcast: forecast of {manifest.dataset} is ready", "\n".join(lines)


def _query(root: str, manifest: vintages.Manifest) -> str:
    if root == layout.FORECAST:
        return f"SELECT * FROM {tables.FORECAST}"  # noqa: S608 - to be read, not run
    # a newer one is already published
    return f"SELECT * FROM {tables.HISTORY} WHERE vintage = '{manifest.vintage}'"  # noqa: S608 - to be read


def _accuracy(manifest: vintages.Manifest) -> str:
    score, naive = manifest.scores[manifest.best], manifest.scores.get("SeasonalNaive")
    if score is None:
        return "Accuracy: unknown, because the history is too short for a backtest."
    text = f"Backtest accuracy: {manifest.metric} {score:.4g} for {manifest.best}"
    if naive is not None:
        text += f", {naive:.4g} for repeating the last season"
    return f"{text}; evaluated on {manifest.backtest}." if manifest.backtest else f"{text}."


def _warnings(ending: Ending, report: Report) -> str:
    where = f"s3://{ending.bucket}/{layout.report(ending.run, 'md')}"
    return f"Warnings about the input: {report.warnings:,}, see {where}"


def _failure(ending: Ending, s3: Any) -> tuple[str, str]:
    current = vintages.current(s3, ending.bucket)
    standing = (
        f"The forecast of {current.vintage} stays in place." if current else "There is no earlier forecast."
    )
    error = ending.error
    lines = [
        f"{error.error}: {error.cause}" if error else "",
        "",
        standing,
        f"Run {ending.run} in bucket {ending.bucket}.",
        "To try again, upload the corrected file, or upload the same file again.",
    ]
    return f"Stepcast: no forecast, {error.error if error else 'unknown error'}", "\n".join(lines)
