"""The worker processes of one command: started, started again when they die, ended together."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from threading import Event, Thread
from typing import Any

from stepcast.connect.errors import ConnectorError
from stepcast.connect.kafka.worker.events import log
from stepcast.connect.kafka.worker.order import Order

__all__ = ["REFUSED", "run_fleet"]

REFUSED = 3  # the exit code of a worker that would not do better the next time
LOOKS_EVERY = 0.1  # seconds
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 30.0  # seconds before a dead worker is started again
WELL_AFTER = 60.0  # seconds after which a worker that dies is a new case
ENDS_WITHIN = 60.0  # seconds that a worker has to finish its transaction

Hear = Callable[[str, dict[str, Any]], None]


class _Child:
    """One worker, which may be several processes after one another."""

    def __init__(self, order: Order, hear: Hear) -> None:
        self.order, self._hear = order, hear
        self.pause, self.due, self.done = FIRST_PAUSE, 0.0, False
        self.process: subprocess.Popen[str] | None = None
        self.reason = ""

    def start(self) -> None:
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "stepcast.connect.kafka.worker"],
            stdin=subprocess.PIPE,  # the order may hold secrets, and ends the worker when it is closed
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdin is not None  # noqa: S101  # a pipe
        try:
            self.process.stdin.write(self.order.to_json() + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:  # it died already, which is seen soon
            pass
        Thread(target=self._listen, args=(self.process,), daemon=True).start()

    def _listen(self, process: "subprocess.Popen[str]") -> None:
        for line in process.stdout or ():
            said = json.loads(line)
            self.reason = said.get("refused", self.reason)
            self._hear(self.order.member, said)

    def look(self, now: float) -> None:
        """Start it if that is due; see whether it has ended."""
        if self.process is None:
            if now >= self.due:
                self.start()
            return
        code = self.process.poll()
        if code is None:
            return
        self.process = None
        if code == 0:
            self.done = True
            return
        if now - self.started > WELL_AFTER:
            self.pause = FIRST_PAUSE
        log("worker_died", level="error", member=self.order.member, code=code, again_in=self.pause)
        self.due, self.pause = now + self.pause, min(2 * self.pause, LONGEST_PAUSE)
        if code == REFUSED:
            raise ConnectorError(self.reason)


def run_fleet(orders: Sequence[Order], stop: Event, hear: Hear) -> None:
    """Keep a worker for each order until all have ended by themselves, or ``stop`` is set.

    ``hear`` gets what each says of itself. ConnectorError where one could not do what it was told.
    """
    children = [_Child(order, hear) for order in orders]
    try:
        while not all(child.done for child in children) and not stop.wait(LOOKS_EVERY):
            for child in children:
                if not child.done:
                    child.look(time.monotonic())
    finally:
        _end([child.process for child in children if child.process is not None])


def _end(processes: "list[subprocess.Popen[str]]") -> None:
    """Ask them to finish, and end those that do not."""
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + ENDS_WITHIN
    for process in processes:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            log("worker_killed", level="error", pid=process.pid)
            process.kill()
            process.wait()
