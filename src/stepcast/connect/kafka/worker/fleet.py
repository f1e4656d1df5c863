"""The worker processes of one command: started, restarted when they die, stopped together."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from threading import Event, Lock, Thread

from stepcast.connect.errors import ConnectorError
from stepcast.connect.kafka.worker.events import log
from stepcast.connect.kafka.worker.order import Order, Source
from stepcast.connect.kafka.worker.report import WorkerReport

__all__ = ["FENCED", "REFUSED", "UNREACHED", "Fleet"]

# Exit codes: a restart would not help; another worker has taken the name; no broker was reached.
REFUSED, FENCED, UNREACHED = 3, 4, 5
MOST_FENCED, FENCED_WITHIN = 3, 60.0  # times, and seconds; once may be due to a transaction that timed out
MOST_DEATHS = 5  # of a worker that has not worked yet: the next would not either
LOOKS_EVERY = 0.1  # seconds
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 30.0  # seconds before a dead worker is restarted
WELL_AFTER = 60.0  # seconds of work after which the pause starts over
ENDS_WITHIN, SAYS_AFTER = 60.0, 3.0  # seconds for a worker to finish its transaction, and before it is said

Hear = Callable[[str, WorkerReport | None], None]


class _Child:
    """One worker, whose process is replaced when it dies; ``has_worked``: whether any of the fleet has."""

    def __init__(self, order: Order, hear: Hear, has_worked: Event) -> None:
        self.order, self._hear = order, hear
        self.pause, self.due, self.done = FIRST_PAUSE, 0.0, False
        self.process: subprocess.Popen[str] | None = None
        self.reason = ""
        self.fenced: list[float] = []
        self.has_worked, self.deaths = has_worked, 0
        self._writing = Lock()  # one thread starts processes, another changes the predictor

    def start(self) -> None:
        self.started = time.monotonic()
        with self._writing:
            self.process = subprocess.Popen(
                # -P: files in the current folder must not shadow modules
                [sys.executable, "-P", "-m", "stepcast.connect.kafka.worker"],
                stdin=subprocess.PIPE,  # the order may hold secrets; closing it stops the worker
                stdout=subprocess.PIPE,
                text=True,
            )
            self._write(self.order.to_json())
        self._listener = Thread(target=self._listen, args=(self.process,), daemon=True)
        self._listener.start()

    def change(self, source: Source) -> None:
        """Use another predictor, in the running process and in later ones."""
        with self._writing:
            self.order = replace(self.order, source=source)
            self._write(json.dumps({"predictor": source.folder}))

    def _write(self, line: str) -> None:
        pipe = self.process.stdin if self.process is not None else None
        if pipe is not None:
            with suppress(OSError, ValueError):  # it died, which look() will notice
                pipe.write(f"{line}\n")
                pipe.flush()

    def _listen(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None  # noqa: S101  # a pipe
        with process.stdout as lines:
            for line in lines:
                said = json.loads(line)
                if "report" in said:
                    self.has_worked.set()
                    self._hear(self.order.member, WorkerReport.from_dict(said["report"]))
                self.reason = said.get("refused", self.reason)

    def close(self) -> None:
        """Read the last reports of an ended process, and close its pipes."""
        process, self.process = self.process, None
        if process is not None:
            self._listener.join()
            if process.stdin is not None:
                with suppress(OSError):
                    process.stdin.close()

    def look(self, now: float) -> None:
        """Start the process if that is due; handle its end."""
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
        if code == REFUSED or (code == UNREACHED and not self.has_worked.is_set()):
            raise ConnectorError(self.reason)
        self.deaths += 1
        if not self.has_worked.is_set() and self.deaths >= MOST_DEATHS:
            raise ConnectorError(
                f"worker {self.order.member} ended {self.deaths} times before it could read a message, with "
                f"code {code}; its output is above"
            )
        if code == FENCED:
            self.fenced = [*(then for then in self.fenced if now - then < FENCED_WITHIN), now]
            if len(self.fenced) >= MOST_FENCED:
                raise ConnectorError(
                    f"another worker of group {self.order.group} is also named {self.order.member} and takes "
                    "its partitions: give each `stepcast stream` a different --instance"
                )
        if now - self.started > WELL_AFTER:
            self.pause = FIRST_PAUSE
        why = {"reason": self.reason} if code == UNREACHED else {}
        log("worker_died", level="error", member=self.order.member, code=code, again_in=self.pause, **why)
        self.due, self.pause = now + self.pause, min(2 * self.pause, LONGEST_PAUSE)


class Fleet:
    """A worker for each order; ``hear`` gets its reports by member, and None when it has died."""

    def __init__(self, orders: Sequence[Order], hear: Hear) -> None:
        has_worked = Event()
        self._children = [_Child(order, hear, has_worked) for order in orders]

    def run(self, stop: Event) -> None:
        """Run until all workers have finished or ``stop`` is set; ConnectorError if one cannot work."""
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
        """Use another predictor, in running workers and in those that are restarted."""
        for child in self._children:
            child.change(source)


def _end(processes: "list[subprocess.Popen[str]]") -> None:
    """Ask them to finish, and kill those that do not in time, or all if this is interrupted."""
    for process in processes:
        process.terminate()
    begun, said = time.monotonic(), False
    try:
        while any(process.poll() is None for process in processes):
            waited = time.monotonic() - begun
            if waited > ENDS_WITHIN:
                break
            if waited > SAYS_AFTER and not said:
                said = True
                log("waiting", level="warning", what="the end of transactions; Ctrl-C does not wait for them")
            time.sleep(LOOKS_EVERY)
    finally:
        for process in processes:
            if process.poll() is None:
                log("worker_killed", level="error", pid=process.pid)
                process.kill()
                process.wait()
