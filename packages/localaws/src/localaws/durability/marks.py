"""What a request has changed and must still be written: noted while it happens, written once at its end."""

import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager

__all__ = ["Marks"]


class Marks:
    """Collects, for each thread, what is to be written; outside ``collected`` it is written at once."""

    def __init__(self) -> None:
        self._local = threading.local()

    def note(self, what: Hashable, write: Callable[[], None]) -> None:
        """Have ``write`` called when the block ends, once for each ``what``."""
        noted: dict[Hashable, Callable[[], None]] | None = getattr(self._local, "noted", None)
        if noted is None:
            write()
        else:
            noted[what] = write

    def write(self) -> None:
        """Write what this thread has noted so far."""
        noted: dict[Hashable, Callable[[], None]] = getattr(self._local, "noted", None) or {}
        while noted:
            noted.pop(next(iter(noted)))()

    @contextmanager
    def collected(self) -> Iterator[None]:
        """Note in this block, and write at its end what is not written then; blocks may be nested."""
        if getattr(self._local, "noted", None) is not None:
            yield
            return
        self._local.noted = {}
        try:
            yield
        finally:
            self.write()
            self._local.noted = None
