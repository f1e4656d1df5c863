"""StartExecution: turn S3 events into one execution of the state machine for the bucket's current input."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from stepcast.pipeline import layout, vintages
from stepcast.pipeline.internal_errors import step
from stepcast.pipeline.log import log
from stepcast.pipeline.run import Run, fingerprint

__all__ = ["Started", "current_state", "start_execution"]

MOST_ATTEMPTS = 100
# States of the machine after which a run checks once more whether the bucket's input is its own.
LOOKS_AGAIN_AFTER = (
    "Settle",
    "CreateDataset",
    "ImportData",
    "MonitorDrift",
    "FitShared",
    "Engine",
    "ForecastOnSpark",
    "ForecastOnEmrServerless",
    "TrainPredictor",
    "Forecast",
    "Hierarchy",
    "Reconcile",
    "Export",
)
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class Started(BaseModel):
    """The outcome of an event: ``started``, or why nothing was."""

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
    """Start the run for the bucket's input, unless it is already running or produced the current forecast.

    S3 delivers events more than once and out of order, so an event only signals that something changed, and
    when; the bucket determines what to do. The same input is started again, as attempt ``<run>-2`` and so on,
    if its run failed before the upload, if its run was or is about to be superseded by other input, or if the
    forecast of other input has replaced its own.

    ``looked`` records, by bucket, the time up to which uploads are known to have been seen, and is updated:
    the queued events of an upload of thousands of files need only one listing of the bucket.
    ``now`` defaults to the function's clock.
    """
    records = event["Records"]
    bucket = records[0]["s3"]["bucket"]["name"]
    happened = max(datetime.fromisoformat(record["eventTime"]) for record in records)
    if happened < looked.get(bucket, _NEVER):
        return Started(outcome="duplicate", why="the bucket was listed after this upload")
    begun = _clock(s3, bucket)
    run = fingerprint(s3, bucket)
    if run is None:
        waiting = Started(
            outcome="waiting", why=f"both {layout.PARAMS} and files under {layout.TRAIN} are required"
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
    """The time by S3's clock, which dates its events, in full seconds."""
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
            if happened > execution["startDate"] and current_state(states, arn) not in LOOKS_AGAIN_AFTER:
                continue  # other input came and went; this execution may have seen that and be about to end
            if _is_overtaken(states, state_machine, execution):
                continue
            return Started(outcome="running", why="an execution for this input is running", **known)
        succeeded = execution["status"] == "SUCCEEDED"
        if succeeded and not _made_the_current_forecast(order, s3):
            continue  # it was superseded, or its forecast was replaced: now the input is this one again
        if succeeded and _is_overtaken(states, state_machine, execution):
            continue
        if happened <= execution["stopDate"]:
            why = "the event is older than the end of its execution"
            return Started(outcome="duplicate", why=why, **known)
        if succeeded:
            return Started(outcome="up_to_date", why="the current forecast is based on this input", **known)
    raise RuntimeError(f"run {order.run} was attempted {MOST_ATTEMPTS} times; change params.json or the data")


def _attempts(run: str) -> Iterable[str]:
    yield run
    for attempt in range(2, MOST_ATTEMPTS + 1):
        yield f"{run}-{attempt}"


def current_state(states: Any, execution_arn: str) -> str:
    """The current state of a running execution."""
    pages = states.get_paginator("get_execution_history").paginate(
        executionArn=execution_arn, reverseOrder=True
    )
    entered = (
        event["stateEnteredEventDetails"]["name"]
        for page in pages
        for event in page["events"]
        if "stateEnteredEventDetails" in event
    )
    return next(entered, "Settle")  # it has just been started


def _is_overtaken(states: Any, state_machine: str, execution: Mapping[str, Any]) -> bool:
    """Whether one that was started later is at work: its forecast, of other input, will come last."""
    running = states.get_paginator("list_executions").paginate(
        stateMachineArn=state_machine, statusFilter="RUNNING"
    )
    return any(
        other["startDate"] > execution["startDate"] for page in running for other in page["executions"]
    )


def _made_the_current_forecast(order: Run, s3: Any) -> bool:
    current = vintages.current(s3, order.bucket)
    return current is not None and current.run == order.run
