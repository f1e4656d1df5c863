"""A server that runs: started on a free loopback port, waited for, stopped by its process id."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.services.service import Service, Start

__all__ = ["Absent", "Server", "accepts", "answers", "started"]

READY_WITHIN = 120  # seconds; generous: the machine may be busy
STOPS_WITHIN = 30
LOG_SHOWN = 30  # lines
TRIES = 3  # another process may take the free port first

LATELY: list["Server"] = []  # started since the test began, or before and still running; kept by the plugin


class Absent(Exception):
    """A service is not on this machine; the message says how to bring it."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"{self.name} is not here: scripts/services bring {self.name}"


class NotStarted(Exception):
    """A server ended before it served, or never did; the message has the end of its log."""


@dataclass(frozen=True)
class Server:
    """``url`` where it listens; ``folder`` holds its files and its log."""

    service: Service
    start: Start
    process: "subprocess.Popen[bytes]"

    @property
    def url(self) -> str:
        return f"http://{self.start.address}"

    @property
    def port(self) -> int:
        return self.start.port

    @property
    def folder(self) -> Path:
        return self.start.folder

    @property
    def log(self) -> str:
        """All that it has printed."""
        return (self.folder / "log").read_text("utf-8", "replace")

    @property
    def end_of_log(self) -> str:
        return "\n".join(self.log.splitlines()[-LOG_SHOWN:])

    def stop(self) -> None:
        """End it and what it started; again does nothing."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(STOPS_WITHIN)

    def kill(self) -> None:
        """End it as a crash does."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def answers(path: str) -> Callable[[Server], bool]:
    """Ready when ``path`` answers 200."""

    def is_ready(server: Server) -> bool:
        try:
            with urllib.request.urlopen(server.url + path, timeout=5) as answer:  # noqa: S310 - a loopback address
                return bool(answer.status == 200)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    return is_ready


def accepts(server: Server) -> bool:
    """Ready when its port takes connections."""
    try:
        with socket.create_connection(("127.0.0.1", server.port), timeout=5):
            return True
    except OSError:
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def started(
    service: Service,
    folder: Path,
    files: Mapping[str, str] | None = None,
    arguments: tuple[str, ...] = (),
    port: int | None = None,
) -> Iterator[Server]:
    """The service within this context, with all that it keeps in ``folder``.

    ``files`` are laid into the folder first, beside the service's own or in their place; ``arguments`` end
    its command line. Absent where it is not on this machine. The same folder again is a restart.
    """
    executable = service.find()
    if executable is None:
        raise Absent(service.name)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {**service.files, **(files or {})}.items():
        (folder / name).write_text(text, "utf-8")
    server = _serving(service, executable, folder, arguments, port)
    LATELY.append(server)
    try:
        yield server
    finally:
        server.stop()


def _serving(
    service: Service, executable: Path, folder: Path, arguments: tuple[str, ...], port: int | None
) -> Server:
    for left in reversed(range(TRIES)):
        start = Start(executable, folder, port or free_port())
        server = Server(service, start, _process(service, start, arguments))
        deadline = time.monotonic() + READY_WITHIN
        while server.process.poll() is None and time.monotonic() < deadline:
            if service.is_ready(server):
                return server
            time.sleep(0.05)
        ended = server.process.poll()
        server.stop()
        if ended is None:
            raise NotStarted(f"{service.name} did not serve within {READY_WITHIN} s:\n{server.end_of_log}")
        if not left or port or "address already in use" not in server.log.lower():
            raise NotStarted(f"{service.name} ended with {ended}:\n{server.end_of_log}")
    raise AssertionError("unreachable: the last try returns or raises")


def _process(service: Service, start: Start, arguments: tuple[str, ...]) -> "subprocess.Popen[bytes]":
    launcher = [
        sys.executable,
        str(Path(__file__).with_name("launch.py")),
        str(os.getpid()),
        str(service.memory),
    ]
    with (start.folder / "log").open("ab") as log:
        return subprocess.Popen(
            [*launcher, *service.command(start), *arguments],
            cwd=start.folder,
            env={**os.environ, **service.environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a group of its own: it is stopped with all that it starts
        )
