"""An execution's events as the states that it went through: for the console and for the command line."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

__all__ = ["Visit", "map_counts", "visits"]

Event = dict[str, Any]
FAILURES = {
    "LambdaFunctionFailed": "lambdaFunctionFailedEventDetails",
    "LambdaFunctionTimedOut": "lambdaFunctionTimedOutEventDetails",
    "LambdaFunctionScheduleFailed": "lambdaFunctionScheduleFailedEventDetails",
    "LambdaFunctionStartFailed": "lambdaFunctionStartFailedEventDetails",
    "TaskFailed": "taskFailedEventDetails",
    "TaskTimedOut": "taskTimedOutEventDetails",
    "MapRunFailed": "mapRunFailedEventDetails",
}


@dataclass
class Visit:
    """One state that was entered.

    ``done``, ``total``, ``failed`` count a Map's iterations, or those of the distributed Map run ``map_run``.
    ``note``     how far it is, where that is known.
    ``status``   RUNNING, SUCCEEDED, FAILED (caught by a Catch, or not) or STOPPED (with its execution).
    ``attempts`` how often its task was started; ``errors`` what they failed with, in order.
    """

    state: str
    entered: datetime
    left: datetime | None = None
    done: int | None = None
    total: int | None = None
    failed: int = 0
    note: str = ""
    kind: str = "Task"
    status: str = "RUNNING"
    input: str | None = None
    output: str | None = None
    attempts: int = 0
    errors: list[dict[str, str]] = field(default_factory=list)
    map_run: str | None = None

    @property
    def seconds(self) -> float:
        """How long it took, or has taken so far."""
        return ((self.left or datetime.now(UTC)) - self.entered).total_seconds()


def visits(
    events: Iterable[Event],
    ended: datetime | None = None,
    counts: Callable[[str], Mapping[str, int]] | None = None,
) -> list[Visit]:
    """The states in order, until the execution ``ended``; what happens inside a Map counts as the Map.

    ``counts`` returns itemCounts of a Map run, by its ARN: a distributed Map has its own history.
    """
    found = list(_visits(events))
    if found and found[-1].left is None and ended is not None:  # Succeed and Fail are entered, never left
        last = found[-1]
        last.left = ended
        last.status = {"Succeed": "SUCCEEDED", "Fail": "FAILED"}.get(last.kind, "STOPPED")
    for visit in found:
        if visit.map_run is not None and counts is not None:
            items = counts(visit.map_run)
            visit.done, visit.total, visit.failed = (
                items.get(name, 0) for name in ("succeeded", "total", "failed")
            )
    return found


def map_counts(states: Any, map_run: str) -> Mapping[str, int]:
    """What ``visits`` needs to know of a Map run, from Step Functions."""
    counts: Mapping[str, int] = states.describe_map_run(mapRunArn=map_run)["itemCounts"]
    return counts


def _visits(events: Iterable[Event]) -> Iterator[Visit]:
    visit: Visit | None = None
    inside_map = failing = False  # failing: the latest attempt has failed
    for event in events:
        kind, moment = event["type"], event["timestamp"]
        if kind.endswith("StateEntered") and not inside_map:
            if visit is not None:
                if visit.left is None:  # left by a Catch
                    visit.left, visit.status = moment, "FAILED"
                yield visit
            details = event["stateEnteredEventDetails"]
            kind = kind.removesuffix("StateEntered")
            visit = Visit(details["name"], moment, kind=kind, input=details.get("input"))
            inside_map, failing = kind == "Map", False
        elif visit is None:
            continue
        elif kind.endswith("StateExited") and event["stateExitedEventDetails"]["name"] == visit.state:
            # A state whose error is caught is left like any other.
            visit.left, visit.status, inside_map = moment, "FAILED" if failing else "SUCCEEDED", False
            visit.output = event["stateExitedEventDetails"].get("output")
        elif kind == "ExecutionRedriven":  # what the state did is done again, but it is not entered again
            inside_map, failing = visit.kind == "Map", False
        elif kind == "MapStateFailed":
            inside_map, failing = False, True
        elif kind == "MapRunStarted":
            visit.map_run = event["mapRunStartedEventDetails"]["mapRunArn"]
        elif kind == "MapStateStarted" and event.get("mapStateStartedEventDetails"):
            visit.done, visit.total = 0, event["mapStateStartedEventDetails"]["length"]
        elif kind == "MapIterationSucceeded":
            visit.done = (visit.done or 0) + 1
        elif kind in ("LambdaFunctionScheduled", "TaskScheduled") and not inside_map:
            visit.attempts += 1
            failing = False
        elif kind in FAILURES:
            failing = failing or not inside_map
            details = event.get(FAILURES[kind]) or {}
            visit.errors.append(
                {"error": str(details.get("error", kind)), "cause": str(details.get("cause", ""))}
            )
    if visit is not None:
        yield visit
