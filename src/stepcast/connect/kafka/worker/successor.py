"""A newer predictor, made ready beside the work."""

from collections.abc import Callable, Sequence
from threading import Lock, Thread

from stepcast.connect.kafka.worker.events import log
from stepcast.connect.kafka.worker.work import Work

__all__ = ["Successor"]


class Successor:
    """Asked for by one thread, taken by another."""

    def __init__(self, load: Callable[[str], Work], items: Callable[[], Sequence[str]]) -> None:
        """``load`` gives the predictor in a folder, ``items`` those that it will be asked for first."""
        self._load, self._items = load, items
        self._lock = Lock()
        self._ready: Work | None = None

    def ask(self, folder: str) -> None:
        Thread(target=self._prepare, args=(folder,), daemon=True).start()

    def take(self) -> Work | None:
        """The last one that is ready, once."""
        with self._lock:
            ready, self._ready = self._ready, None
            return ready

    def _prepare(self, folder: str) -> None:
        try:
            work = self._load(folder)
            work.prepare(self._items())
        except Exception as error:  # what fails here leaves the worker as it is
            log("not_taken_over", level="error", folder=folder, reason=str(error))
            return
        with self._lock:
            self._ready = work
