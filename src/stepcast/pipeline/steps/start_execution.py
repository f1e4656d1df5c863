"""StartExecution: from S3 events to one execution of the state machine for the bucket's present input."""

from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from stepcast.pipeline import layout, vintages
from stepcast.pipeline.internal_errors import step
from stepcast.pipeline.log import log
from stepcast.pipeline.run import Run, fingerprint

__all__ = ["Started", "start_execution"]

MOST_ATTEMPTS = 100
# States of the machine after which a run looks once more whether the bucket's input is its own.
LOOKS_AGAIN_AFTER = (
    "Settle",
    "CreateDataset",
    "ImportData",
    "MonitorDrift",
    "FitShared",
    "TrainPredictor",
    "Forecast",
    "Export",
)
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class Started(BaseModel):
    """What became of an event: ``started``, or why nothing was."""

    model_config = ConfigDict(frozen=True)

    outcome: Literal["started", "waiting", "running", "duplicate", "up_to_date"]
    why: str
    run: str | None = None
    execution_arn: str | None = None


@step
def start_execution(
    event: dict[str, Any],
    *,
    s3: Any,
    states: Any,
    state_machine: str,
    settle_seconds: int,
    looked: dict[str, datetime],
    now: datetime | None = None,
) -> Started:
    """Start the run that the bucket's input asks for, unless it runs already or made the current forecast.

    S3 delivers events more than once and out of order, so an event only says that something changed and when;
    what to do follows from the bucket. The same input is started again, as attempt ``<run>-2`` and so on, if
    its run failed and the upload came later, or if its run stepped aside, or is about to, for other input, or
    the forecast of other input has replaced its own.

    ``looked`` says until when uploads are known to have been seen, by bucket, and is kept up to date: the
    events of an upload of thousands of files that wait behind one another need one look at the bucket.
    ``now`` is the function's own clock where it is not given.
    """
    records = event["Records"]
    bucket = records[0]["s3"]["bucket"]["name"]
    happened = max(datetime.fromisoformat(record["eventTime"]) for record in records)
    if happened < looked.get(bucket, _NEVER):
        return Started(outcome="duplicate", why="the bucket was looked at after this upload")
    begun = _clock(s3, bucket)
    run = fingerprint(s3, bucket)
    if run is None:
        waiting = Started(
            outcome="waiting", why=f"{layout.PARAMS} and files under {layout.TRAIN} are both needed"
        )
        log.info("not_started", **waiting.model_dump())
        return waiting
    order = Run(
        bucket=bucket,
        run=run,
        vintage=layout.vintage_at(now or datetime.now(UTC)),
        settle_seconds=settle_seconds,
    )
    outcome = _start(order, happened, s3, states, state_machine)
    log.info("start_execution", **outcome.model_dump())
    looked[bucket] = max(begun, looked.get(bucket, _NEVER))
    return outcome


def _clock(s3: Any, bucket: str) -> datetime:
    """The time by S3's clock, which dates its events, in whole seconds."""
    date = s3.head_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPHeaders"].get("date")
    return parsedate_to_datetime(date) if date else _NEVER


def _start(order: Run, happened: datetime, s3: Any, states: Any, state_machine: str) -> Started:
    for name in _attempts(order.run):
        arn = f"{state_machine.replace(':stateMachine:', ':execution:')}:{name}"
        known: dict[str, Any] = {"run": order.run, "execution_arn": arn}
        vintage = vintages.own(s3, order.bucket, layout.moment_of(order.vintage), arn)
        given = order.model_copy(update={"vintage": vintage}).model_dump_json()
        try:
            states.start_execution(stateMachineArn=state_machine, name=name, input=given)
        except states.exceptions.ExecutionAlreadyExists:
            execution = states.describe_execution(executionArn=arn)
        else:
            return Started(outcome="started", why=f"execution {name} was started", **known)
        if execution["status"] == "RUNNING":
            if happened > execution["startDate"] and _state(states, arn) not in LOOKS_AGAIN_AFTER:
                continue  # other input came and went; this execution may have seen that and be about to end
            return Started(outcome="running", why="an execution for this input is running", **known)
        succeeded = execution["status"] == "SUCCEEDED"
        if succeeded and not _made_the_current_forecast(order, s3):
            continue  # it stepped aside, or its forecast was replaced: now the input is this one again
        if happened <= execution["stopDate"]:
            why = "the event is older than the end of its execution"
            return Started(outcome="duplicate", why=why, **known)
        if succeeded:
            return Started(outcome="up_to_date", why="the current forecast is of this very input", **known)
    raise RuntimeError(f"run {order.run} was attempted {MOST_ATTEMPTS} times: change params.json or the data")


def _attempts(run: str) -> Iterable[str]:
    yield run
    for attempt in range(2, MOST_ATTEMPTS + 1):
        yield f"{run}-{attempt}"


def _state(states: Any, execution_arn: str) -> str:
    """The state that a running execution has reached."""
    pages = states.get_paginator("get_execution_history").paginate(
        executionArn=execution_arn, reverseOrder=True
    )
    entered = (
        event["stateEnteredEventDetails"]["name"]
        for page in pages
        for event in page["events"]
        if "stateEnteredEventDetails" in event
    )
    return next(entered, "Settle")  # it has been started a moment ago


def _made_the_current_forecast(order: Run, s3: Any) -> bool:
    current = vintages.current(s3, order.bucket)
    return current is not None and current.run == order.run
