"""Which ``stepcast up`` runs on this machine: a file for each, so that the other commands find it.

The process holds a lock on its file for as long as it lives. The kernel lets go of it however the process
ends, so a file that can be locked is left over: no process id can be mistaken for another's.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

__all__ = ["Running", "living", "recorded"]


@dataclass(frozen=True)
class Running:
    """A stack that serves at ``endpoint``."""

    endpoint: str
    region: str
    pid: int
    mailbox: str  # the folder of its SNS messages
    credentials: str = ""  # the file with the keys that it asks for; empty where any will do


def folder() -> Path:
    """Where the files lie, as the XDG base directory specification has it."""
    home = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(home) / "stepcast" / "running"


@contextmanager
def recorded(running: Running) -> Iterator[None]:
    """Others find it inside this context."""
    folder().mkdir(parents=True, exist_ok=True)
    path = folder() / f"{running.pid}.json"
    unready = path.with_suffix(".new")  # seen by others only once it is whole and locked
    with unready.open("w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        json.dump(asdict(running), file)
        file.flush()
        unready.rename(path)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def living() -> list[Running]:
    """Those that run now; files of those that were killed are removed."""
    found = []
    for path in sorted(folder().glob("*.json")):
        try:
            with path.open(encoding="utf-8") as file:
                if _is_free(file.fileno()):
                    path.unlink(missing_ok=True)
                else:
                    found.append(Running(**json.load(file)))
        except FileNotFoundError:
            continue  # it ended at this moment
    return found


def _is_free(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
