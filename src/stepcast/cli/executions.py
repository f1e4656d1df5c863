"""Executions of the state machine: their list, their states, and why one failed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from stepcast.cli.stack import Stack
from stepcast.console.state_history import Visit, visits
from stepcast.pipeline import layout, objects
from stepcast.pipeline.errors import ResourceNotFoundException

__all__ = ["Execution", "History", "describe", "newest_first", "training_note"]

TRAINING = "FitShared"
NOTIFY_FAILURE = "NotifyFailure"  # the state before it is the one that failed
SUPERSEDED = "Superseded"
Event = dict[str, Any]


@dataclass(frozen=True)
class Execution:
    """One run of the state machine. ``status`` is Step Functions', or SUPERSEDED by newer input."""

    arn: str
    status: str
    started: datetime
    stopped: datetime | None
    states: tuple[Visit, ...]
    error: str | None = None
    cause: str | None = None

    @property
    def name(self) -> str:
        return self.arn.rpartition(":")[2]

    @property
    def short_name(self) -> str:
        """Enough of the name to tell runs apart, with the attempt."""
        _, dash, attempt = self.name.partition("-")
        return f"{self.run[:12]}{dash}{attempt}"

    @property
    def run(self) -> str:
        """The fingerprint of the input: a further attempt is named ``<run>-2``."""
        return self.name.partition("-")[0]

    @property
    def state(self) -> str | None:
        """The current, final or failed state; None before it has entered one."""
        names = [visit.state for visit in self.states]
        if NOTIFY_FAILURE in names[1:]:
            return names[names.index(NOTIFY_FAILURE) - 1]
        return names[-1] if names else None

    @property
    def seconds(self) -> float:
        """How long it took, or has taken so far."""
        return ((self.stopped or datetime.now(UTC)) - self.started).total_seconds()


class History:
    """The events of an execution; who reads it again asks only for what is new."""

    _FIRST, _LATER = (
        1000,
        4,
    )  # events a page; hardly more are new, and each takes a server about a millisecond

    def __init__(self, states: Any, arn: str) -> None:
        self._states, self._arn = states, arn
        self._events: dict[int, Event] = {}
        self._succeeded: dict[str, Mapping[str, int]] = {}

    def read(self) -> list[Event]:
        """All events so far, in order."""
        known = max(self._events, default=0)
        pages = self._states.get_paginator("get_execution_history").paginate(
            executionArn=self._arn,
            reverseOrder=True,
            PaginationConfig={"PageSize": self._LATER if known else self._FIRST},
        )
        for page in pages:
            events = {event["id"]: event for event in page["events"]}
            self._events |= events
            if known and min(events, default=0) <= known:
                break
        return [self._events[number] for number in sorted(self._events)]

    def counts(self, map_run: str) -> Mapping[str, int]:
        """The items of a Map run; those of one that has succeeded do not change."""
        if map_run in self._succeeded:
            return self._succeeded[map_run]
        described = self._states.describe_map_run(mapRunArn=map_run)
        counts: Mapping[str, int] = described["itemCounts"]
        if described["status"] == "SUCCEEDED":
            self._succeeded[map_run] = counts
        return counts


def newest_first(stack: Stack) -> list[str]:
    """The ARNs of the executions."""
    pages = stack.states.get_paginator("list_executions").paginate(stateMachineArn=stack.state_machine)
    rows = [row for page in pages for row in page["executions"]]
    return [row["executionArn"] for row in sorted(rows, key=lambda row: row["startDate"], reverse=True)]


def describe(stack: Stack, arn: str, history: History | None = None) -> Execution:
    """One execution with the states it went through.

    ``history`` is given by who describes it again and again.
    """
    document = stack.states.describe_execution(executionArn=arn)
    stopped = document.get("stopDate")
    history = history or History(stack.states, arn)
    states = visits(history.read(), stopped, history.counts)
    if states and states[-1].state == TRAINING and states[-1].left is None:
        states[-1].note = training_note(stack.s3, stack.bucket, arn)
    superseded = document["status"] == "SUCCEEDED" and states and states[-1].state == SUPERSEDED
    return Execution(
        arn=arn,
        status=SUPERSEDED.upper() if superseded else document["status"],
        started=document["startDate"],
        stopped=stopped,
        states=tuple(states),
        error=document.get("error"),
        cause=document.get("cause"),
    )


def training_note(s3: Any, bucket: str, arn: str) -> str:
    """The latest trial, and the latest epoch of the network that is trained; empty without either."""
    run = arn.rpartition(":")[2].partition("-")[0]
    name = PurePosixPath(layout.training(run)).name
    try:
        written = [key for key in objects.keys(s3, bucket, layout.work(run)) if key.endswith(f"/{name}")]
        if not written:
            return ""
        known = objects.read_json(s3, bucket, max(written))  # named after their vintages
    except ResourceNotFoundException:  # the run has just ended
        return ""
    return "; ".join(filter(None, (_trial_note(known.get("trial")), _epoch_note(known.get("epoch")))))


def _trial_note(trial: dict[str, Any] | None) -> str:
    if trial is None:
        return ""
    best = "" if trial["best"] is None else f", best {trial['best']:.4g}"
    return f"tuning: {trial['done']} of {trial['of']} trials{best}"


def _epoch_note(epoch: dict[str, Any] | None) -> str:
    if epoch is None:
        return ""
    held = "" if epoch["held"] is None else f", held back {epoch['held']:.4g}"
    return (
        f"{epoch['algorithm']}, {epoch['phase']}: epoch {epoch['number']} of at most {epoch['most']}, "
        f"loss {epoch['loss']:.4g}{held}"
    )
