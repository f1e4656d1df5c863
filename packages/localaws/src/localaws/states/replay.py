"""Where an execution stood, read from its history, so that it can be entered again.

Every program of an execution (the machine's own, a branch of a Parallel state, an item of a Map) has a path:
"" for the machine's, and for those within it the id of the event that opened them and their index, as in
``"5.0"`` and ``"5.0/9.1"``. Each event is kept with the path of the program that it belongs to, and the event
of a state's exit with the state that follows. That is all that is needed to go on: a program is entered at
the last state that it had entered, and the events that this state had written already are *replayed*: when
the interpreter reports one of them again, the history stays as it is. So it reads as if nothing had happened.
"""

import json
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

__all__ = ["OPENINGS", "Event", "Frame", "event_key", "frames"]

_ENDS = {"ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut"}
OPENINGS = {"MapStateStarted", "ParallelStateStarted", "MapRunStarted"}  # of programs within a state


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a history; ``at`` is in seconds since 1970."""

    id: int
    type: str
    at: float
    before: int
    details: dict[str, Any]
    place: str
    following: str | None  # of the exit of a state: the state that comes next

    def encoded(self) -> bytes:
        """The row's value."""
        row: dict[str, Any] = {"type": self.type, "at": self.at, "before": self.before}
        if self.details:
            row["details"] = self.details
        if self.place:
            row["place"] = self.place
        if self.following is not None:
            row["following"] = self.following
        return json.dumps(row, default=str, separators=(",", ":")).encode()

    @classmethod
    def decoded(cls, key: str, value: bytes) -> "Event":
        """The event of that row."""
        row = json.loads(value)
        return cls(
            int(key),
            row["type"],
            row["at"],
            row["before"],
            row.get("details", {}),
            row.get("place", ""),
            row.get("following"),
        )


def event_key(event_id: int) -> str:
    """The key of an event's row: rows are ordered by it."""
    return f"{event_id:08d}"


@dataclass(slots=True)
class Frame:
    """Where a program stood."""

    state: str | None = None  # None before the first state, and after the last one
    value: str = "null"  # the state's input as JSON; the program's output when it is done
    done: bool = False
    entered: int = 0  # the id of the event of the state's entry
    last: int = 0  # the id of the event before that: what the next one refers to
    events: deque[Event] = field(default_factory=deque)  # to be replayed
    opened: int = 0  # the id of the event that opened the programs within the state
    retry: dict[str, Any] | None = None  # the attempt that comes next: see retries.py

    def take(self, event: Event) -> None:
        """Read one event of this program."""
        if event.type.endswith("StateEntered"):
            details = event.details["stateEnteredEventDetails"]
            self.state, self.value, self.entered = details["name"], details["input"], event.id
            self.events = deque([*self._started(), event])
        elif event.type.endswith("StateExited"):
            self.state, self.value = event.following, event.details["stateExitedEventDetails"]["output"]
            self.done, self.last, self.entered = event.following is None, event.id, 0
            self.events = deque(self._started())
        else:
            self.events.append(event)
        if event.type in OPENINGS:
            self.opened = event.id

    def again(self) -> None:
        """The execution was redriven: what the state did is done again, but it is not entered again."""
        if self.done:
            return
        latest: dict[str, Event] = {}
        for event in self.events:
            if event.type.endswith("StateEntered") or event.type in {"MapIterationStarted", *OPENINGS}:
                latest[event.type] = event
        self.events = deque(sorted(latest.values(), key=lambda event: event.id))

    def await_retry(self, retry: dict[str, Any]) -> None:
        """An attempt has failed, and the next one was to come."""
        if retry["entered"] != self.entered:
            return  # of a state that was left since
        self.retry = retry
        self.events = deque(
            event for event in self.events if event.id <= self.entered or event.id > retry["after"]
        )

    def _started(self) -> list[Event]:
        return [event for event in self.events if event.type == "MapIterationStarted"]


def frames(history: Iterable[Event]) -> tuple[dict[str, Frame], int]:
    """The programs that were within an execution by their paths, and the id of its last event."""
    found: dict[str, Frame] = {}
    last = 0
    for event in history:
        last = event.id
        if event.type == "ExecutionRedriven":
            for frame in found.values():
                frame.again()
        elif event.type != "ExecutionStarted" and event.type not in _ENDS:
            frame = found.setdefault(event.place, Frame())
            if event.type.endswith("StateExited") and frame.opened:
                within = f"{event.place}/{frame.opened}." if event.place else f"{frame.opened}."
                for path in [path for path in found if path.startswith(within)]:
                    del found[path]
                frame.opened = 0
            frame.take(event)
    return found, last
