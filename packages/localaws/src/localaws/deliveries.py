"""Work that AWS does after the response: events in transit, asynchronous invocations.

A delivery is data, not code, so that it can be kept: it is written down before the request that set it off is
answered, and forgotten when it is done. After a kill it is done again: at least once, as on AWS.
"""

import heapq
import json
import logging
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from localaws.durability.journal import Journal

__all__ = ["Deliveries", "Delivery", "Interrupted", "Later"]

log = logging.getLogger(__name__)

_MOST_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Delivery:
    """A unit of work. ``what`` is JSON for the handler of its ``kind``; every attempt has the same ``id``."""

    kind: str
    about: str  # for people
    what: dict[str, Any]
    attempt: int = 1
    id: str = field(default_factory=lambda: uuid.uuid4().hex)


class Later(Exception):
    """Raised by a handler: retry the delivery after some seconds, possibly with other content."""

    def __init__(self, seconds: float, what: dict[str, Any] | None = None) -> None:
        super().__init__(seconds)
        self.seconds, self.what = seconds, what


class Interrupted(Exception):
    """Raised by a handler because localaws is stopping: the delivery is done after the next start."""


class Deliveries:
    """Makes deliveries in the background; those of a ``held`` block after the block.

    A request holds what it triggers until its response is sent, so that the receiver of an S3 event finds
    the object as its PutObject left it. Nothing is promised about the order. A failure is logged, and not
    tried again: who wants that raises ``Later``.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._kinds: dict[str, Callable[[Delivery], None]] = {}
        self._ready: deque[Delivery] = deque()
        self._workers = 0
        self._lock = threading.Lock()
        self._local = threading.local()
        self._closed = threading.Event()
        self._waiting: list[tuple[float, int, Delivery]] = []
        self._waiting_changed = threading.Condition()
        self._clock: threading.Thread | None = None

    def register(self, kind: str, do: Callable[[Delivery], None]) -> None:
        """Have ``do`` called for deliveries of that kind."""
        self._kinds[kind] = do

    def submit(self, delivery: Delivery) -> None:
        """Make the delivery in the background, now or after this thread's ``held`` block."""
        self._keep(delivery)
        held: list[Delivery] | None = getattr(self._local, "held", None)
        if held is None:
            self._start(delivery)
        else:
            held.append(delivery)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold what this thread submits until the block ends."""
        if getattr(self._local, "held", None) is not None:
            yield  # the outer block sends
            return
        self._local.held = []
        try:
            yield
        finally:
            held, self._local.held = self._local.held, None
            for delivery in held:
                self._start(delivery)

    def restore(self) -> None:
        """Make the deliveries that were pending when localaws stopped."""
        for _, _, row in list(self._journal.rows("delivery")):
            kept = json.loads(row)
            due = kept.pop("due", 0.0)
            self._wait(Delivery(**kept), due) if due > time.time() else self._start(Delivery(**kept))

    def close(self) -> None:
        """Start no more deliveries."""
        self._closed.set()
        with self._waiting_changed:
            self._waiting_changed.notify_all()

    def _keep(self, delivery: Delivery, due: float = 0.0) -> None:
        kept = {
            "kind": delivery.kind,
            "about": delivery.about,
            "what": delivery.what,
            "attempt": delivery.attempt,
            "id": delivery.id,
            "due": due,
        }
        self._journal.put("delivery", "", delivery.id, json.dumps(kept).encode())

    def _start(self, delivery: Delivery) -> None:
        with self._lock:
            if self._closed.is_set():
                return
            self._ready.append(delivery)
            if self._workers >= _MOST_AT_ONCE:
                return
            self._workers += 1
        threading.Thread(target=self._work, name="localaws deliveries", daemon=True).start()

    def _work(self) -> None:
        while True:
            with self._lock:
                if self._closed.is_set() or not self._ready:
                    self._workers -= 1
                    return
                delivery = self._ready.popleft()
            self._run(delivery)

    def _run(self, delivery: Delivery) -> None:
        try:
            self._kinds[delivery.kind](delivery)
        except Later as later:
            what = delivery.what if later.what is None else later.what
            again = Delivery(delivery.kind, delivery.about, what, delivery.attempt + 1, delivery.id)
            due = time.time() + later.seconds
            self._keep(again, due)
            self._wait(again, due)
            return
        except Interrupted:
            return
        except Exception:
            if self._closed.is_set():
                return
            log.exception("%s failed", delivery.about)
        self._journal.delete("delivery", "", delivery.id, lazy=True)

    def _wait(self, delivery: Delivery, due: float) -> None:
        with self._waiting_changed:
            heapq.heappush(self._waiting, (due, id(delivery), delivery))
            if self._clock is None:
                self._clock = threading.Thread(target=self._start_due, name="localaws clock", daemon=True)
                self._clock.start()
            self._waiting_changed.notify_all()

    def _start_due(self) -> None:
        while not self._closed.is_set():
            with self._waiting_changed:
                now = time.time()
                if self._waiting and self._waiting[0][0] <= now:
                    self._start(heapq.heappop(self._waiting)[2])
                else:
                    pause = self._waiting[0][0] - now if self._waiting else None
                    self._waiting_changed.wait(pause)
