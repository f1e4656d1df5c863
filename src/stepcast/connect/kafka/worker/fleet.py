"""The worker processes of one command: started, started again when they die, ended together."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from threading import Event, Thread
from typing import Any

from stepcast.connect.errors import ConnectorError
from stepcast.connect.kafka.worker.events import log
from stepcast.connect.kafka.worker.order import Order, Source
from stepcast.connect.kafka.worker.report import WorkerReport

__all__ = ["FENCED", "REFUSED", "UNREACHED", "Fleet"]

# Exit codes of a worker that would not do better the next time, of one whose name another has taken, of one
# that reached no broker.
REFUSED, FENCED, UNREACHED = 3, 4, 5
MOST_FENCED, FENCED_WITHIN = 3, 60.0  # times, and seconds; once may be a transaction that timed out
LOOKS_EVERY = 0.1  # seconds
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 30.0  # seconds before a dead worker is started again
WELL_AFTER = 60.0  # seconds after which a worker that dies is a new case
ENDS_WITHIN = 60.0  # seconds that a worker has to finish its transaction

Hear = Callable[[str, WorkerReport | None], None]


class _Child:
    """One worker, which may be several processes after one another."""

    def __init__(self, order: Order, hear: Hear) -> None:
        self.order, self._hear = order, hear
        self.pause, self.due, self.done = FIRST_PAUSE, 0.0, False
        self.process: subprocess.Popen[str] | None = None
        self.reason = ""
        self.fenced: list[float] = []
        self.has_worked = False

    def start(self) -> None:
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            # -P: nothing that lies in the current folder stands for a module that was not asked for
            [sys.executable, "-P", "-m", "stepcast.connect.kafka.worker"],
            stdin=subprocess.PIPE,  # the order may hold secrets, and ends the worker when it is closed
            stdout=subprocess.PIPE,
            text=True,
        )
        self._write(self.order.to_json())
        self._listener = Thread(target=self._listen, args=(self.process,), daemon=True)
        self._listener.start()

    def tell(self, said: dict[str, Any]) -> None:
        if self.process is not None:
            self._write(json.dumps(said))

    def _write(self, line: str) -> None:
        pipe = self.process.stdin if self.process is not None else None
        if pipe is not None:
            with suppress(OSError):  # it died, which is seen soon
                pipe.write(f"{line}\n")
                pipe.flush()

    def _listen(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None  # noqa: S101  # a pipe
        with process.stdout as lines:
            for line in lines:
                said = json.loads(line)
                if "report" in said:
                    self.has_worked = True
                    self._hear(self.order.member, WorkerReport.from_dict(said["report"]))
                self.reason = said.get("refused", self.reason)

    def close(self) -> None:
        """Read what an ended process has said, to the last."""
        process, self.process = self.process, None
        if process is not None:
            self._listener.join()
            if process.stdin is not None:
                with suppress(OSError):
                    process.stdin.close()

    def look(self, now: float) -> None:
        """Start it if that is due; see whether it has ended."""
        if self.process is None:
            if now >= self.due:
                self.start()
            return
        code = self.process.poll()
        if code is None:
            return
        self.close()
        if code == 0:
            self.done = True
            return
        self._hear(self.order.member, None)
        if now - self.started > WELL_AFTER:
            self.pause = FIRST_PAUSE
        log("worker_died", level="error", member=self.order.member, code=code, again_in=self.pause)
        self.due, self.pause = now + self.pause, min(2 * self.pause, LONGEST_PAUSE)
        if code == REFUSED or (code == UNREACHED and not self.has_worked):
            raise ConnectorError(self.reason)
        if code == FENCED:
            self.fenced = [*(then for then in self.fenced if now - then < FENCED_WITHIN), now]
            if len(self.fenced) >= MOST_FENCED:
                raise ConnectorError(
                    f"another worker of group {self.order.group} is called {self.order.member} too, and "
                    "takes its work away: give each `stepcast stream` an --instance of its own"
                )


class Fleet:
    """A worker for each order; ``hear`` gets what each says of itself, and None when it has died."""

    def __init__(self, orders: Sequence[Order], hear: Hear) -> None:
        self._children = [_Child(order, hear) for order in orders]

    def run(self, stop: Event) -> None:
        """Until all have ended by themselves, or ``stop`` is set; ConnectorError where one cannot work."""
        try:
            while not all(child.done for child in self._children) and not stop.wait(LOOKS_EVERY):
                for child in self._children:
                    if not child.done:
                        child.look(time.monotonic())
        finally:
            _end([child.process for child in self._children if child.process is not None])
            for child in self._children:
                child.close()

    def change(self, source: Source) -> None:
        """Another predictor: told to those that run, and the order of those that will be started again."""
        for child in self._children:
            child.order = replace(child.order, source=source)
            child.tell({"predictor": source.folder})


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
