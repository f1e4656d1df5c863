"""Worker processes, kept warm between queries."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from localaws.athena.worker.limits import Limits

__all__ = ["EngineError", "Job", "Pool", "Stopped", "TimedOut"]


class Stopped(Exception):
    """Somebody stopped the query."""


class TimedOut(Exception):
    """The query took longer than it may."""


class EngineError(Exception):
    """DuckDB refused or failed; ``kind`` is its exception's name, or ``Died`` when the process is gone."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(kind, message)
        self.kind, self.message = kind, message


@dataclass(frozen=True, slots=True)
class Job:
    """Statements of DuckDB's, the files they may read, and the folder in which they may write."""

    statements: tuple[str, ...]
    inputs: tuple[Path, ...]
    folder: Path


class Ticket:
    """A job that can be stopped from another thread, before it begins and while it runs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self.stopped = False

    def stop(self) -> None:
        with self._lock:
            self.stopped = True
            if self._process is not None:
                self._process.kill()

    def begin(self, process: subprocess.Popen[str]) -> None:
        """Raises Stopped when that happened before."""
        with self._lock:
            if self.stopped:
                raise Stopped
            self._process = process

    def end(self) -> None:
        with self._lock:
            self._process = None


class Pool:
    """Runs jobs, each in a process that runs nothing else meanwhile. Call ``close`` at the end."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._idle: list[subprocess.Popen[str]] = []
        self._busy: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self._closed = False

    def run(self, job: Job, ticket: Ticket) -> list[Any]:
        """The rows of the job's last statement.

        Raises Stopped, TimedOut or EngineError.
        """
        process = self._take()
        alive = False
        try:
            ticket.begin(process)
            answer = self._exchange(process, job, ticket)
            # What has run out of memory may not get all of it back, which would fail the next query.
            alive = answer.get("error") != "OutOfMemoryException"
        finally:
            ticket.end()
            self._give_back(process, alive=alive and not ticket.stopped)
        if "error" in answer:
            raise EngineError(answer["error"], answer["message"])
        rows: list[Any] = answer["rows"]
        return rows

    def close(self) -> None:
        """Kill every process, also those with a query."""
        with self._lock:
            self._closed = True
            processes = [*self._idle, *self._busy]
            self._idle.clear()
        for process in processes:
            _end(process)

    def _exchange(self, process: subprocess.Popen[str], job: Job, ticket: Ticket) -> dict[str, Any]:
        limits = asdict(self._limits)
        sent = {
            **{name: limits[name] for name in ("memory", "address_space", "result", "threads")},
            "spill": min(self._limits.spill, shutil.disk_usage(job.folder).free // 8),
            "statements": job.statements,
            "paths": [str(path) for path in job.inputs],
            "directories": [f"{job.folder}{os.sep}"],
            "temp_directory": str(job.folder / "spill"),
        }
        late = threading.Event()

        def kill() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self._limits.seconds, kill)
        timer.daemon = True
        timer.start()
        try:
            assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - both are pipes
            process.stdin.write(json.dumps(sent) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            timer.cancel()
        if ticket.stopped:
            raise Stopped
        if late.is_set():
            raise TimedOut
        if not line:
            code = process.wait()
            ending = signal.Signals(-code).name if code < 0 else f"status {code}"
            # The system kills a process when memory is short; one that cannot allocate aborts itself.
            kind = "OutOfMemoryException" if ending in {"SIGKILL", "SIGABRT"} else "Died"
            raise EngineError(kind, f"the worker process ended with {ending}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _take(self) -> subprocess.Popen[str]:
        with self._lock:
            if self._closed:
                raise Stopped
            while self._idle:
                process = self._idle.pop()
                if process.poll() is None:
                    self._busy.add(process)
                    return process
            process = _start()
            self._busy.add(process)
        assert process.stdout is not None  # noqa: S101 - a pipe
        if process.stdout.readline() != "ready\n":
            with self._lock:
                self._busy.discard(process)
            raise EngineError("Died", f"{sys.executable} -m localaws.athena.worker.process did not start")
        return process

    def _give_back(self, process: subprocess.Popen[str], *, alive: bool) -> None:
        with self._lock:
            self._busy.discard(process)
            if alive and not self._closed and len(self._idle) < self._limits.running:
                self._idle.append(process)
                return
        _end(process)


def _start() -> subprocess.Popen[str]:
    kept = ("PATH", "PYTHONPATH", "PYTHONHOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    command = [sys.executable, "-m", "localaws.athena.worker.process"]
    return subprocess.Popen(  # noqa: S603 - our own module
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    )


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            try:
                stream.close()
            except BrokenPipeError:  # a job that was not read to its end
                continue
