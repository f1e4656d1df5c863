"""A newer predictor, loaded in the background."""

import time
from collections.abc import Callable, Sequence
from threading import Lock, Thread

from stepcast.connect.kafka.errors import NoAnswer
from stepcast.connect.kafka.worker.events import log
from stepcast.connect.kafka.worker.work import Work

__all__ = ["Successor"]

AGAIN_IN = 10.0  # seconds


class Successor:
    """Requested by one thread, taken by another."""

    def __init__(self, load: Callable[[str], Work], items: Callable[[], Sequence[str]]) -> None:
        """``load`` reads the predictor in a folder; ``items`` are the items it will forecast first."""
        self._load, self._items = load, items
        self._lock = Lock()
        self._wanted: str | None = None
        self._ready: Work | None = None

    def ask(self, folder: str) -> None:
        self._wanted = folder
        Thread(target=self._prepare, args=(folder,), daemon=True).start()

    def take(self) -> Work | None:
        """The latest predictor that is ready; None if it was taken already."""
        with self._lock:
            ready, self._ready = self._ready, None
            return ready

    def _prepare(self, folder: str) -> None:
        while self._wanted == folder:
            try:
                work = self._load(folder)
                work.prepare(self._items())
            except NoAnswer as error:  # of the schema registry
                log("not_taken_over", level="warning", folder=folder, reason=str(error), again_in=AGAIN_IN)
                time.sleep(AGAIN_IN)
            except Exception as error:  # the worker continues with its predictor
                log("not_taken_over", level="error", folder=folder, reason=str(error))
                return
            else:
                with self._lock:
                    self._ready = work
                return
