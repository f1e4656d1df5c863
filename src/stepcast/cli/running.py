"""Records each running ``stepcast up`` in files, so that other commands find it.

The process holds a lock on its files while it runs. The kernel releases the lock however the process ends,
so a file that can be locked is stale, and process ids cannot be confused. One file is in a folder that all
commands of this user check, another in the state folder.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path

__all__ = ["Running", "holder", "holding", "living", "recorded"]

HOLDER = "serving.json"


@dataclass(frozen=True)
class Running:
    """A stack that serves at ``endpoint``."""

    endpoint: str
    region: str
    pid: int
    mailbox: str  # the folder of its SNS messages
    credentials: str = ""  # the file with the required keys; empty if any keys are accepted
    state: str = ""  # the folder of its state; empty if ephemeral

    @property
    def where(self) -> str:
        """For messages: `` at http://127.0.0.1:5005 (pid 7)``, without the endpoint until it serves."""
        return f"{f' at {self.endpoint}' if self.endpoint else ''} (pid {self.pid})"


def folder() -> Path:
    """The folder of the files, by the XDG base directory specification."""
    home = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(home) / "stepcast" / "running"


@contextmanager
def recorded(running: Running) -> Iterator[None]:
    """Within this context, other commands find it."""
    folder().mkdir(parents=True, exist_ok=True)
    with _locked(folder() / f"{running.pid}.json", running):
        yield


def holding(state: Path, region: str) -> AbstractContextManager[None]:
    """Within this context, this process uses the folder, from reading the state to writing it."""
    return _locked(state / HOLDER, Running("", region, os.getpid(), "", state=str(state)))


def living() -> list[Running]:
    """The running stacks; files of killed ones are removed."""
    return [running for path in sorted(folder().glob("*.json")) if (running := _read(path))]


def holder(state: Path) -> Running | None:
    """The stack that uses the state in that folder; its endpoint is empty until it serves."""
    held = _read(state / HOLDER)
    return next((one for one in living() if held and one.pid == held.pid), held)


@contextmanager
def _locked(path: Path, running: Running) -> Iterator[None]:
    unready = path.with_suffix(".new")  # visible to others only when complete and locked
    with unready.open("w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        json.dump(asdict(running), file)
        file.flush()
        unready.rename(path)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _read(path: Path) -> Running | None:
    """The record of a live process; that of a dead one is removed."""
    try:
        with path.open(encoding="utf-8") as file:
            if _is_free(file.fileno()):
                path.unlink(missing_ok=True)
                return None
            told = json.load(file)
    except (FileNotFoundError, NotADirectoryError):
        return None  # it has just ended, or never existed
    known = {field.name for field in fields(Running)}
    return Running(**{name: value for name, value in told.items() if name in known})


def _is_free(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
