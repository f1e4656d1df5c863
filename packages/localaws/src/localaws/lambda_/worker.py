"""One execution environment: a process in which a handler is loaded and waits for events."""

import contextlib
import importlib.util
import logging
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

from localaws.lambda_.fork_server import Forked, ForkServer
from localaws.lambda_.runtime_api import Event, Report, RuntimeApi

__all__ = ["Client", "Worker", "default_client"]

Client = Literal["awslambdaric", "bootstrap"]

_HERE = Path(__file__).parent
log = logging.getLogger(__name__)


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

    It is forked by ``server`` if there is one, else a new interpreter.

    The process is its own group, so that a kill takes its children along, and it watches a pipe whose other
    end only this process holds: when this process is gone, however it ended, so is the worker.
    """

    def __init__(
        self,
        handler: str,
        task_root: Path,
        environment: dict[str, str],
        client: Client,
        server: ForkServer | None = None,
    ) -> None:
        self._api = RuntimeApi()
        self._log = bytearray()
        self._log_lock = threading.Lock()
        environment = {**environment, "AWS_LAMBDA_RUNTIME_API": self._api.address}
        runtime = "awslambdaric" if client == "awslambdaric" else str(_HERE / "bootstrap.py")
        watched, self._lifeline = os.pipe()
        output, printed = os.pipe()
        try:
            self._process = _start(environment, task_root, [runtime, handler], printed, watched, server)
        except BaseException:
            os.close(self._lifeline)
            os.close(output)
            self._api.close()
            raise
        finally:
            os.close(watched)
            os.close(printed)
        self._output = open(output, "rb", buffering=0)  # noqa: PTH123, SIM115 - a descriptor, closed below
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


def _start(
    environment: dict[str, str],
    folder: Path,
    arguments: list[str],
    output: int,
    lifeline: int,
    server: ForkServer | None,
) -> "subprocess.Popen[bytes] | Forked":
    if server is not None:
        try:
            return server.fork(environment, folder, arguments, output, lifeline)
        except OSError as error:
            log.warning("a worker starts without what is imported already: %s", error)
    return subprocess.Popen(  # noqa: S603 - the user's own handler, with this interpreter
        [sys.executable, str(_HERE / "launch.py"), str(lifeline), *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        pass_fds=[lifeline],
        start_new_session=True,
    )
