"""Threads that evaluate executions, one each; an idle one is taken again.

Starting a thread waits until the new one runs: until then, StartExecution cannot be answered.
"""

import queue
import threading
from collections.abc import Callable
from typing import Any

__all__ = ["WorkerThreads"]

_IDLE_SECONDS = 10.0


class WorkerThreads:
    """As many threads as there is work at once."""

    def __init__(self) -> None:
        self._work: queue.SimpleQueue[tuple[str, Callable[..., None], tuple[Any, ...]]] = queue.SimpleQueue()
        self._idle = 0
        self._lock = threading.Lock()

    def run(self, name: str, work: Callable[..., None], *arguments: Any) -> None:
        """Do ``work`` in a thread that is called ``name`` meanwhile; return at once."""
        with self._lock:
            waiting = self._idle > 0
            if waiting:
                self._idle -= 1  # it is this work's from now on
        self._work.put((name, work, arguments))
        if not waiting:
            threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        timeout = None  # the work that it was started for is there
        while True:
            try:
                name, work, arguments = self._work.get(timeout=timeout)
            except queue.Empty:
                with self._lock:
                    if self._idle > 0:
                        self._idle -= 1
                        return
                continue  # somebody has counted on it at this very moment
            threading.current_thread().name = name
            work(*arguments)
            with self._lock:
                self._idle += 1
            timeout = _IDLE_SECONDS
