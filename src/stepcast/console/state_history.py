"""An execution's events as the states that it went through."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

__all__ = ["Visit", "visits"]

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

    ``status``   RUNNING, SUCCEEDED, FAILED (caught by a Catch, or not) or STOPPED (with its execution).
    ``attempts`` how often its task was started; ``errors`` what they failed with, in order.
    ``map_run``  the ARN of a distributed Map's run.
    """

    state: str
    kind: str
    entered: datetime
    input: str | None
    left: datetime | None = None
    output: str | None = None
    status: str = "RUNNING"
    attempts: int = 0
    errors: list[dict[str, str]] = field(default_factory=list)
    map_run: str | None = None
    done: int | None = None
    total: int | None = None
    failed: int = 0


def visits(events: Iterable[Event], ended: datetime | None) -> list[Visit]:
    """The states in order, until the execution ``ended``; what happens inside a Map counts as the Map."""
    found = list(_visits(events))
    if found and found[-1].left is None and ended is not None:  # Succeed and Fail are entered, never left
        last = found[-1]
        last.left = ended
        last.status = {"Succeed": "SUCCEEDED", "Fail": "FAILED"}.get(last.kind, "STOPPED")
    return found


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
            visit = Visit(details["name"], kind, moment, details.get("input"))
            inside_map, failing = kind == "Map", False
        elif visit is None:
            continue
        elif kind.endswith("StateExited") and event["stateExitedEventDetails"]["name"] == visit.state:
            # A state whose error is caught is left like any other.
            visit.left, visit.status, inside_map = moment, "FAILED" if failing else "SUCCEEDED", False
            visit.output = event["stateExitedEventDetails"].get("output")
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
