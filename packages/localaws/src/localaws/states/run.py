"""An execution that runs: its environment in moto's interpreter, its history, its rows in the journal."""

import json
import threading
import time
from collections.abc import Iterable
from typing import Any

from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager

from localaws.durability.journal import Journal
from localaws.states.description import Description, to_datetime
from localaws.states.replay import Event, Frame, event_key, frames

__all__ = ["Recorder", "Run", "history", "pause", "write_start"]

_SLICE_SECONDS = 5.0  # how long a wait may oversleep a stop that came between two looks


class Recorder(EventManager):
    """Writes the history of one execution to the journal. It has the interface of moto's EventManager."""

    def __init__(self, journal: Journal, arn: str, last: int = 0) -> None:
        self._journal, self._arn, self._last = journal, arn, last
        self._lock, self._closed = threading.Lock(), False

    def add_event(
        self,
        context: Any,
        event_type: Any,
        event_details: Any = None,
        timestamp: Any = None,
        update_source_event_id: bool = True,
    ) -> int:
        """Write an event, or replay it; returns its id."""
        del timestamp  # no caller passes one
        kind, place = str(getattr(event_type, "value", event_type)), context.place
        with self._lock:
            if self._closed or context.is_closed():
                return int(context.last_published_event_id)
            event = place.replay(kind) or self._write(
                kind,
                context.source_event_id,
                event_details,
                place.path,
                place.following if kind.endswith("StateExited") else None,
            )
            place.note(kind, event.id, event.at)
            context.last_published_event_id = event.id
            if update_source_event_id:
                context.source_event_id = event.id
            return int(event.id)

    def write(self, kind: str, before: int = 0, details: Any = None) -> Event:
        """Write an event that belongs to no state."""
        with self._lock:
            return self._write(kind, before, details, "", None)

    def end(self, kind: str, before: int, details: Any) -> None:
        """Write the last event: nothing comes after it."""
        with self._lock:
            if not self._closed:
                self._write(kind, before, details, "", None)
                self._closed = True

    def close(self) -> None:
        """Write nothing more."""
        with self._lock:
            self._closed = True

    @property
    def last(self) -> int:
        """The id of the last event."""
        return self._last

    def _write(self, kind: str, before: int, details: Any, place: str, following: str | None) -> Event:
        self._last += 1
        event = Event(self._last, kind, round(time.time(), 3), before, dict(details or {}), place, following)
        self._journal.put("history", self._arn, event_key(event.id), event.encoded(), lazy=True)
        return event

    def get_event_history(self) -> Any:
        """The whole history."""
        return history(self._journal, self._arn)


class Run:
    """What is in memory of an execution only while it runs.

    ``env`` is set by environment.py; a child of a distributed Map is evaluated in an environment of its
    parent.
    """

    env: Environment

    def __init__(self, journal: Journal, arn: str, described: Description, definition: str) -> None:
        self.journal, self.arn, self.described, self.definition = journal, arn, described, definition
        self.ending = threading.Lock()  # taken by who ends it, and never released
        self.closed = False
        self.frames: dict[str, Frame] = {}
        self.tokens: dict[str, dict[str, Any]] = {}  # as the journal has them: see task_tokens.py
        self.recorder = Recorder(journal, arn)
        self._kinds: set[str] = set()  # of rows that it may have

    def resume(self) -> None:
        """Read where it stood."""
        events = (Event.decoded(key, value) for _, key, value in self.journal.rows("history", self.arn))
        self.frames, last = frames(events)
        for path, row in self.rows("retry"):
            if path in self.frames:
                self.frames[path].await_retry(row)
        self.tokens = dict(self.rows("token"))
        self._kinds = {"retry", "token", "map_items"}
        self.recorder = Recorder(self.journal, self.arn, last)

    @property
    def began(self) -> float:
        """From when its TimeoutSeconds count."""
        return self.described.redriven or self.described.started

    def put(self, kind: str, key: str, value: Any, *, lazy: bool = True) -> None:
        """Keep a row of it, unless it has ended."""
        if not self.closed:
            self._kinds.add(kind)
            self.journal.put(kind, self.arn, key, json.dumps(value).encode(), lazy=lazy)

    def delete(self, kind: str, key: str) -> None:
        """Forget a row of it."""
        if not self.closed:
            self.journal.delete(kind, self.arn, key, lazy=True)

    def rows(self, kind: str) -> Iterable[tuple[str, Any]]:
        """Its rows of a kind: key and value."""
        return [(key, json.loads(value)) for _, key, value in self.journal.rows(kind, self.arn)]

    def last_event(self) -> int:
        """The event that its end refers to."""
        last: int = self.env.event_history_context.source_event_id if hasattr(self, "env") else 0
        return last

    def finish(self, *, forget_items: bool) -> None:
        """It has ended: forget what only a running one needs (a redrive needs the items of its maps)."""
        self.close()
        for kind in self._kinds & {"retry", "token", *(("map_items",) if forget_items else ())}:
            self.journal.clear(kind, self.arn, lazy=True)

    def close(self) -> None:
        """Write nothing more of it."""
        self.recorder.close()
        self.closed = True


def write_start(run: Run) -> None:
    """Write the first event."""
    described = run.described
    started = {"input": described.input, "inputDetails": {"truncated": False}, "roleArn": described.role}
    run.recorder.write("ExecutionStarted", details={"executionStartedEventDetails": started})


def history(journal: Journal, arn: str) -> list[dict[str, Any]]:
    """The events of an execution as GetExecutionHistory has them."""
    events = (Event.decoded(key, value) for _, key, value in journal.rows("history", arn))
    return [
        {
            **event.details,
            "id": event.id,
            "previousEventId": event.before,
            "type": event.type,
            "timestamp": to_datetime(event.at),
        }
        for event in events
    ]


def pause(env: Any, until: float) -> None:
    """Wait until that time, or the end of what runs in ``env``."""
    while (left := until - time.time()) > 0 and env.is_running():
        env.program_state_event.wait(min(left, _SLICE_SECONDS))
