"""Work that AWS does after it has answered: events on their way, asynchronous invocations."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["Deliveries"]

log = logging.getLogger(__name__)


class Deliveries:
    """Runs work in the background; within ``held`` only once the block is left.

    A request holds what it sets off until its response is sent, so that whoever receives an S3 event finds
    the object as its PutObject left it. Nothing is promised about the order. A failure is logged with the
    name of the work.
    """

    def __init__(self, done: Callable[[], None] = lambda: None) -> None:
        self._local = threading.local()
        self._closed = False
        self._done = done  # called after each piece of work

    def submit(self, name: str, work: Callable[[], None]) -> None:
        """Run ``work`` in a thread of its own, now or when the ``held`` block of this thread ends."""
        waiting: list[tuple[str, Callable[[], None]]] | None = getattr(self._local, "waiting", None)
        if waiting is None:
            self._start(name, work)
        else:
            waiting.append((name, work))

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold what this thread submits until the block ends."""
        if getattr(self._local, "waiting", None) is not None:
            yield  # the outer block sends
            return
        self._local.waiting = []
        try:
            yield
        finally:
            waiting, self._local.waiting = self._local.waiting, None
            for name, work in waiting:
                self._start(name, work)

    def close(self) -> None:
        """Start nothing more."""
        self._closed = True

    def _start(self, name: str, work: Callable[[], None]) -> None:
        if self._closed:
            return

        def run() -> None:
            try:
                work()
            except Exception:
                if not self._closed:
                    log.exception("%s failed", name)
            self._done()

        threading.Thread(target=run, name=f"localaws {name}", daemon=True).start()
