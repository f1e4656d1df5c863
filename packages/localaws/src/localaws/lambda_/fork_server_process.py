"""The process behind ``fork_server.ForkServer``: it imports modules, then becomes a worker for each request.

Arguments: the descriptor of its socket, services of AWS with commas between, and the modules. A request has
the worker's environment, folder and arguments, and three descriptors: what is printed goes to the first, how
the worker ended is written to the second, and the third is the one that ``launch.py`` watches. The answer is
the worker's process id, or what went wrong.
"""

import contextlib
import ctypes
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

LARGEST_REQUEST = 1 << 17
COLLECTIONS = (100_000, 10, 10)  # Python's 700 looks through a handler's imports again and again as they grow
LAUNCH = str(Path(__file__).with_name("launch.py"))


def main() -> None:
    """Serve requests; in each worker, go on as ``python launch.py`` would."""
    requests = socket.socket(fileno=int(sys.argv[1]))
    del sys.path[0]  # this file's folder: its modules are not for the handlers
    services, *modules = sys.argv[2:]
    for name in modules:
        with contextlib.suppress(ImportError):  # whose handler needs it will say so
            importlib.import_module(name)
    if "botocore" in sys.modules:
        share_descriptions(list(filter(None, services.split(","))))
    gc.collect()
    gc.freeze()  # a collection would write to, and so copy, every page that is shared with the workers
    gc.set_threshold(*COLLECTIONS)
    request = serve(requests)
    if request is not None:
        become(request)
        runpy.run_path(LAUNCH, run_name="__main__")


def share_descriptions(services: list[str]) -> None:
    """Read botocore's files about services for the sessions of all workers: each would read .1 s for S3."""
    from botocore import loaders

    class Files(loaders.JSONFileLoader):  # type: ignore[misc]  # botocore has no types
        """Of what is read here, all sessions have one copy, as all clients of a session have."""

        read: ClassVar[dict[str, Any]] = {}
        reading = True

        def load_file(self, file_path: str) -> Any:
            if file_path in self.read:
                return self.read[file_path]
            content = super().load_file(file_path)
            if self.reading:
                self.read[file_path] = content
            return content

    loaders.Loader.FILE_LOADER_CLASS = Files
    loader = loaders.create_loader()
    for name in ("endpoints", "partitions", "sdk-default-configuration") if services else ():
        loader.load_data(name)
    for service in services:
        for kind in ("service-2", "endpoint-rule-set-1"):
            loader.load_service_model(service, kind)
    Files.reading = False


def serve(requests: socket.socket) -> SimpleNamespace | None:
    """Fork for each request. Returns it in the worker; returns None here when nobody asks any more."""
    woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    ends: dict[int, int] = {}  # the descriptors for how workers ended, by process id
    while True:
        ready, _, _ = select.select([requests.fileno(), woken], [], [])
        if woken in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(woken, 1 << 10)
            tell_ends(ends)
        if requests.fileno() not in ready:
            continue
        message, descriptors, _, _ = socket.recv_fds(requests, LARGEST_REQUEST, 3)
        if not message:
            return None
        output, end, lifeline = descriptors
        begun, begin = os.pipe()
        try:
            pid = os.fork()
        except OSError as error:
            requests.send(str(error).encode())
            os.close(end)
            os.close(begin)
        else:
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                os.setsid()
                for descriptor in (requests.detach(), woken, wake, begun, begin, end, *ends.values()):
                    os.close(descriptor)
                return SimpleNamespace(**json.loads(message), output=output, lifeline=lifeline)
            ends[pid] = end
            os.close(begin)
            os.read(begun, 1)  # until it leads a group, by which it can be ended
            requests.send(str(pid).encode())
        for descriptor in (output, lifeline, begun):
            os.close(descriptor)


def tell_ends(ends: dict[int, int]) -> None:
    """Write the exit codes of the workers that have ended; negative where a signal ended one."""
    while ends:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            break
        end = ends.pop(pid)
        with contextlib.suppress(BrokenPipeError):
            os.write(end, str(os.waitstatus_to_exitcode(status)).encode())
        os.close(end)


def become(request: SimpleNamespace) -> None:
    """Be as if this process had been started with the environment, folder and arguments of ``request``."""
    for standard in (1, 2):
        os.dup2(request.output, standard)
    os.close(request.output)
    coerced = {name: os.environ[name] for name in ("LC_CTYPE",) if name in os.environ}  # by the interpreter
    os.environ.clear()
    os.environ.update({**coerced, **request.environment})
    time.tzset()
    os.chdir(request.folder)
    path = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    sys.path[:0] = [str(Path(LAUNCH).parent), *path]
    sys.argv = [LAUNCH, str(request.lifeline), *request.arguments]
    show_arguments()
    if "numpy.random" in sys.modules:  # as for random, which Python does: workers must not draw alike
        sys.modules["numpy.random"].seed()


def show_arguments() -> None:
    """Have lists of processes show this one's arguments instead of those that it was started with."""
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    start, end = int(fields[45]), int(fields[46])  # where they are in memory: the fields 48 and 49
    if start:
        shown = "\0".join([sys.orig_argv[0], *sys.argv]).encode()[: end - start - 1]
        ctypes.memmove(start, shown.ljust(end - start, b"\0"), end - start)


if __name__ == "__main__":
    main()
