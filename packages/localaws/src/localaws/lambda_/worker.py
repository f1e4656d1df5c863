"""One execution environment: a process in which a handler is loaded and waits for events."""

import contextlib
import importlib.util
import os
import queue
import selectors
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Literal

from localaws.lambda_.runtime_api import Event, Report, RuntimeApi

__all__ = ["Client", "Worker", "default_client"]

Client = Literal["awslambdaric", "bootstrap"]

_HERE = Path(__file__).parent


def default_client() -> Client:
    """AWS's runtime client where it can be imported, else localaws' (LOCALAWS_RUNTIME_CLIENT names one)."""
    wanted = os.environ.get("LOCALAWS_RUNTIME_CLIENT")
    if wanted == "awslambdaric":
        return "awslambdaric"
    if wanted == "bootstrap":
        return "bootstrap"
    if wanted:
        raise ValueError(f"LOCALAWS_RUNTIME_CLIENT is {wanted!r}: write awslambdaric or bootstrap")
    found = importlib.util.find_spec("awslambdaric") and importlib.util.find_spec("runtime_client")
    return "awslambdaric" if found else "bootstrap"


class Worker:
    """Starts the process at once; the first report is ``ready``, ``init_error`` or ``exit``.

    The process is its own group, so that a kill takes its children along, and it watches a pipe whose other
    end only this process holds: when this process is gone, however it ended, so is the worker.
    """

    def __init__(self, handler: str, task_root: Path, environment: dict[str, str], client: Client) -> None:
        self._api = RuntimeApi()
        self._log = bytearray()
        self._log_lock = threading.Lock()
        watched, self._lifeline = os.pipe()
        runtime = "awslambdaric" if client == "awslambdaric" else str(_HERE / "bootstrap.py")
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the user's own handler, with this interpreter
                [sys.executable, str(_HERE / "launch.py"), str(watched), runtime, handler],
                cwd=task_root,
                env={**environment, "AWS_LAMBDA_RUNTIME_API": self._api.address},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=[watched],
                start_new_session=True,
            )
        except BaseException:
            os.close(self._lifeline)
            self._api.close()
            raise
        finally:
            os.close(watched)
        assert self._process.stdout is not None  # noqa: S101 - asked for above
        self._output = self._process.stdout
        os.set_blocking(self._output.fileno(), False)
        self._closed = threading.Event()
        for work in (self._follow_output, self._await_exit):
            threading.Thread(
                target=work, name=f"localaws worker {self.pid} {work.__name__}", daemon=True
            ).start()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def await_report(self, seconds: float) -> Report | None:
        """The worker's next report, or None after ``seconds``."""
        try:
            return self._api.reports.get(timeout=seconds)
        except queue.Empty:
            return None

    def send(self, event: Event) -> None:
        """Let the handler handle ``event``."""
        self._api.send(event)

    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    def take_log(self) -> str:
        """What was printed since the last time: all that was written before the last report."""
        self._read_output()
        with self._log_lock:
            taken, self._log = bytes(self._log), bytearray()
        return taken.decode(errors="replace")

    def kill(self) -> None:
        """End the process and its children."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if not self._closed.is_set():
            self._closed.set()
            self._api.close()
            os.close(self._lifeline)

    def _read_output(self) -> bool:
        """Take what is in the pipe; False at its end."""
        with self._log_lock:
            while True:
                try:
                    block = os.read(self._output.fileno(), 1 << 16)
                except BlockingIOError:
                    return True
                except (OSError, ValueError):
                    return False
                if not block:
                    return False
                self._log += block

    def _follow_output(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._output, selectors.EVENT_READ)
            while True:
                # A pause lets the pipe fill while a handler prints much: fewer, larger reads.
                selector.select()
                if not self._read_output():
                    break
                time.sleep(0.005)
        self._output.close()

    def _await_exit(self) -> None:
        code = self._process.wait()
        how = f"signal: {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
        self._api.reports.put(Report("exit", how.encode()))
