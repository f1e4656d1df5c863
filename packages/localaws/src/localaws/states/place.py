"""The program of an execution to which an event belongs, and what of it is to be replayed."""

import uuid
from collections import deque
from typing import Any

from moto.stepfunctions.parser.asl.eval.event.event_manager import EventHistoryContext

from localaws.states.replay import OPENINGS, Event, Frame
from localaws.states.run import Run

__all__ = ["Context", "Place", "attempt_name", "attempt_of", "place_of"]


class Place:
    """One program within ``run``. See replay.py for its path."""

    __slots__ = (
        "_branches",
        "_opened",
        "entered",
        "entered_at",
        "expected",
        "following",
        "frame",
        "path",
        "retry",
        "run",
    )

    def __init__(self, run: Run, path: str = "") -> None:
        self.run, self.path = run, path
        self.frame: Frame | None = run.frames.pop(path, None)
        self.expected: deque[Event] = self.frame.events if self.frame else deque()
        self.following: str | None = None  # what comes after the state that is being left
        self.entered, self.entered_at = 0, 0.0  # the event of the state's entry
        self.retry: dict[str, Any] | None = None  # what retries.py had kept
        self._opened, self._branches = 0, 0

    def child(self, index: int) -> "Place":
        """The program of that item or branch of the state that is being run."""
        path = f"{self._opened}.{index}"
        return Place(self.run, f"{self.path}/{path}" if self.path else path)

    def next_branch(self) -> "Place":
        """The program of the branch that follows the one asked for before."""
        self._branches += 1
        return self.child(self._branches - 1)

    def expects(self, kind: str) -> Event | None:
        """The event of that kind that is to be replayed."""
        return next((event for event in self.expected if event.type == kind), None)

    def replay(self, kind: str) -> Event | None:
        """The event that is in the history already; from the first that differs, everything is new."""
        if not self.expected:
            return None
        if self.expected[0].type == kind:
            return self.expected.popleft()
        self.expected.clear()
        return None

    def note(self, kind: str, event_id: int, at: float) -> None:
        """An event was written, or replayed."""
        if kind.endswith("StateEntered"):
            self.entered = event_id
            self.entered_at = max(at, self.run.described.redriven or 0.0)
        elif kind in OPENINGS:
            self._opened, self._branches = event_id, 0


class Context(EventHistoryContext):
    """moto's record of which event comes before the next one, with the place that it is in.

    Events of a closed context, of an attempt that has timed out, are not written.
    """

    place: Place

    def __init__(self, place: Place, outer: "Context | None" = None) -> None:
        super().__init__(previous_event_id=outer.source_event_id if outer else 0)
        self.place, self._outer, self._closed = place, outer, False

    def close(self) -> None:
        """Nothing that is still reported belongs to the history."""
        self._closed = True

    def is_closed(self) -> bool:
        """Whether this one or one around it was closed."""
        context: Context | None = self
        while context is not None:
            if context._closed:
                return True
            context = context._outer
        return False


def place_of(env: object) -> Place:
    """Where an environment of moto's interpreter evaluates."""
    place: Place = env.event_history_context.place  # type: ignore[attr-defined]
    return place


def attempt_of(env: Any) -> int:
    """How often the state that ``env`` evaluates was retried."""
    count: int = env.states.context_object.context_object_data["State"]["RetryCount"]
    return count


def attempt_name(env: Any) -> str:
    """A name of the attempt, the same when it is repeated after a restart: nothing is started twice."""
    place = place_of(env)
    run = place.run
    words = (run.arn, run.described.redrives, place.path, place.entered, attempt_of(env))
    return str(uuid.uuid5(uuid.NAMESPACE_OID, " ".join(map(str, words))))
