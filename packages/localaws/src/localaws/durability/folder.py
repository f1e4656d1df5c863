"""A state folder: its owner, the process that uses it, and its format."""

import fcntl
import json
import logging
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from localaws.durability.codec import NotData
from localaws.durability.journal import Damaged, NotKept

__all__ = ["FORMAT", "StateFolder", "StateUnusable", "usable"]

log = logging.getLogger(__name__)

FORMAT = 3
"""The format of a folder; 1 was a pickled snapshot and files, in 2 all versions of an object were one row."""


class StateUnusable(Exception):
    """A state folder that cannot be used. The message names it and the remedy."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, reason)
        self.path, self.reason = path, reason

    def __str__(self) -> str:
        return f"the state in {self.path} cannot be used: {self.reason}"


class StateFolder:
    """A folder that is held, by this process alone, from the call on until ``release``.

    Raises:
        StateUnusable: somebody else's folder, one that another process holds, or one of an unknown form.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        _check_owner(path)
        path.chmod(0o700)
        self._lock = self._hold()
        try:
            self._check_format()
        except BaseException:
            self.release()
            raise

    @property
    def journal(self) -> Path:
        """The file of the journal."""
        return self.path / "journal.sqlite"

    def describe_holder(self, **facts: Any) -> None:
        """Write into the lock file which process holds the folder."""
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, json.dumps({"pid": os.getpid(), **facts}).encode(), 0)

    def release(self) -> None:
        """Release the folder for other processes."""
        os.ftruncate(self._lock, 0)
        os.close(self._lock)

    def _hold(self) -> int:
        lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = _holder(os.pread(lock, 4096, 0))
            os.close(lock)
            raise StateUnusable(
                self.path, f"{holder} is using it: stop that process first, or choose another folder"
            ) from error
        return lock

    def _check_format(self) -> None:
        about = self.path / "format"
        if about.exists():
            found = about.read_text(encoding="utf-8").strip()
            if found == "2":
                self._declare()  # before the first row is converted: an earlier version would miss it
            elif found != str(FORMAT):
                raise StateUnusable(
                    self.path,
                    f"its format is {found!r}, but this version reads {FORMAT}: use the version of localaws "
                    "that wrote it, or choose another folder",
                )
            return
        if self.snapshot is not None:
            for half_done in self.path.glob("journal.sqlite*"):
                half_done.unlink()
        else:
            self._declare()

    def _declare(self) -> None:
        new = self.path / "format.new"
        new.write_text(f"{FORMAT}\n", encoding="utf-8")
        new.replace(self.path / "format")

    @property
    def snapshot(self) -> Path | None:
        """The snapshot in format 1, if it has not been migrated yet."""
        path = self.path / "snapshot"
        return path if path.exists() and not (self.path / "format").exists() else None

    def migrated(self) -> None:
        """Rename the snapshot, which has been migrated, so that it is kept but not read again."""
        path = self.path / "snapshot"
        self._declare()
        path.rename(path.with_name("snapshot.migrated"))
        log.warning("the state in %s was migrated from format 1 to format %d", self.path, FORMAT)


@contextmanager
def usable(state: StateFolder | None) -> Iterator[None]:
    """Raise StateUnusable, with the remedy, if the journal of ``state`` proves damaged in this block."""
    try:
        yield
    except (Damaged, NotData, NotKept, sqlite3.DatabaseError) as error:
        if state is None:
            raise
        raise StateUnusable(
            state.journal,
            f"{error}. The bodies of objects in {state.path / 'objects'} are intact; restore the folder "
            "from a copy, or move all of it away to start afresh",
        ) from error


def _check_owner(path: Path) -> None:
    about = path.stat()
    if about.st_uid != os.getuid():
        raise StateUnusable(
            path,
            f"it belongs to the user with ID {about.st_uid}, not to you, and its content could run code as "
            "you: copy it only if you trust that user",
        )
    if stat.S_IMODE(about.st_mode) & 0o022 and any(path.iterdir()):
        raise StateUnusable(
            path,
            "other users can write to it, and its content could run code as you: if you trust it, "
            f"chmod 700 {path}",
        )


def _holder(content: bytes) -> str:
    try:
        facts = json.loads(content)
        return f"process {facts['pid']}" + (f" on port {facts['port']}" if "port" in facts else "")
    except (ValueError, KeyError):
        return "another process"
