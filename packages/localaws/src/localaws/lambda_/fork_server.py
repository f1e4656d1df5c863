"""Workers that share what takes long to import: forks of a process that has imported it.

A dozen functions would import the same packages a dozen times. On Linux only: elsewhere a fork without an
exec is unsafe with many libraries, and every worker is a new interpreter.
"""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from localaws.lambda_.environment import INTERPRETER
from localaws.lambda_.function import Function
from localaws.preload import Preload

__all__ = ["ForkServer", "ForkServers", "Forked"]

_PROCESS = Path(__file__).with_name("fork_server_process.py")


class Forked:
    """A worker process that is no child of this process; like Popen, as far as workers need it."""

    def __init__(self, pid: int, end: int) -> None:
        self.pid, self._end = pid, end
        self._code: int | None = None
        self._lock = threading.Lock()
        try:
            self._process: int | None = os.pidfd_open(pid)
        except ProcessLookupError:
            self._process = None

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""
        return self.wait() if self._has_ended(0) else None

    def wait(self) -> int:
        """Wait for its end; the exit code, negative where a signal ended it."""
        self._has_ended(None)
        with self._lock:
            if self._code is None:
                told = os.read(self._end, 16)
                # Nothing is told where the fork server is gone, too: by whoever ends everything.
                self._code = int(told) if told else -signal.SIGKILL
            return self._code

    def _has_ended(self, milliseconds: int | None) -> bool:
        """Whether it has, after that time at most."""
        if self._process is None:
            return True
        waiting = select.poll()
        waiting.register(self._process, select.POLLIN)
        return bool(waiting.poll(milliseconds))

    def __del__(self) -> None:
        """Close its descriptors."""
        for descriptor in (self._end, self._process):
            if descriptor is not None:
                os.close(descriptor)


class ForkServer:
    """A process with what is to be preloaded, imported in ``environment``."""

    def __init__(self, preload: Preload, environment: Mapping[str, str]) -> None:
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._lock = threading.Lock()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - with this interpreter
                [
                    sys.executable,
                    str(_PROCESS),
                    str(theirs.fileno()),
                    ",".join(preload.services),
                    *preload.modules,
                ],
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    def alive(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    def fork(
        self,
        environment: Mapping[str, str],
        folder: Path,
        arguments: Sequence[str],
        output: int,
        lifeline: int,
    ) -> Forked:
        """Start ``launch.py`` with ``arguments`` after the number of ``lifeline``; it prints to ``output``.

        Raises:
            OSError: there is no fork server any more, or it cannot fork.
        """
        request = {"environment": dict(environment), "folder": str(folder), "arguments": list(arguments)}
        told, end = os.pipe()
        try:
            with self._lock:
                socket.send_fds(self._requests, [json.dumps(request).encode()], [output, end, lifeline])
                answer = self._requests.recv(1 << 10).decode()
            if not answer.isdecimal():
                raise OSError(answer or "the fork server has ended")
        except BaseException:
            os.close(told)
            raise
        finally:
            os.close(end)
        return Forked(int(answer), told)

    def close(self) -> None:
        """End it; workers live on."""
        self._process.kill()
        self._process.wait()
        self._requests.close()


class ForkServers:
    """One for each combination of values that the preloaded modules read."""

    def __init__(self, preload: Preload) -> None:
        self._preload = preload
        self._servers: dict[tuple[tuple[str, str], ...], ForkServer] = {}
        self._lock = threading.Lock()
        self._closed = not preload.modules or not _can_watch_processes()

    def of(self, function: Function, environment: Mapping[str, str]) -> ForkServer | None:
        """For workers with that environment; None where they need an interpreter of their own."""
        own = dict(function.variables)
        if any(name.startswith(("PYTHON", "LD_")) for name in own) or self._is_shadowed(function):
            return None
        read = {name: value for name, value in own.items() if self._is_read(name)}
        key = tuple(read.items())
        with self._lock:
            if self._closed:
                return None
            server = self._servers.get(key)
            if server is not None and not server.alive():
                server.close()
                server = None
            if server is None:
                general = {name: environment[name] for name in INTERPRETER if name in environment}
                server = self._servers[key] = ForkServer(self._preload, {**general, **read})
            return server

    def close(self) -> None:
        """End all of them."""
        with self._lock:
            self._closed = True
            servers = list(self._servers.values())
            self._servers.clear()
        for server in servers:
            server.close()

    def _is_read(self, variable: str) -> bool:
        return any(fnmatchcase(variable, pattern) for pattern in self._preload.variables)

    def _is_shadowed(self, function: Function) -> bool:
        folders = [function.task_root, *(layer / "python" for layer in function.layers)]
        names = {module.partition(".")[0] for module in self._preload.modules}
        return any(
            (folder / name).exists() or (folder / f"{name}.py").exists()
            for folder in folders
            for name in names
        )


def _can_watch_processes() -> bool:
    """Whether the end of a process that is no child can be waited for: some sandboxes lack pidfd_open."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return False
    return True
