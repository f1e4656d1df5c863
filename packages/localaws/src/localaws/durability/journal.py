"""Durable rows in one SQLite file: ordered writes, and a barrier that returns when they are on disk.

Writers ``put`` and ``delete`` rows; nothing waits. Whoever answers a client calls ``barrier`` first, which
commits everything written until then: one thread commits for all that wait at the time, so that a sync of
the disk is shared. Lazy rows (progress that may be repeated) are committed with the next barrier, or within
a fraction of a second.
"""

import logging
import sqlite3
import threading
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

__all__ = ["Damaged", "Journal", "NotKept"]

log = logging.getLogger(__name__)

_Statement = tuple[str, tuple[str | bytes | int, ...]]

_LAZY_SECONDS = 0.1
_LOG_MEGABYTES = 4  # 1,000 pages, after which SQLite begins anew
_END = "\U0010ffff"  # sorts after every key
_TABLE = """
    CREATE TABLE IF NOT EXISTS rows (
        kind TEXT, scope TEXT, key TEXT, value BLOB, sum INTEGER, PRIMARY KEY (kind, scope, key)
    ) WITHOUT ROWID
"""
_PUT = "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?, ?)"
_DELETE = "DELETE FROM rows WHERE kind = ? AND scope = ? AND key = ?"
_CLEAR = "DELETE FROM rows WHERE kind = ? AND scope = ? AND key >= ? AND key < ?"
_ALL = "SELECT scope, key, value, sum FROM rows WHERE kind = ? ORDER BY scope, key"
_SCOPE = "SELECT scope, key, value, sum FROM rows WHERE kind = ? AND scope = ? ORDER BY key"


class NotKept(OSError):
    """A change could not be written to the state folder: the disk is full or not writable."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, reason)
        self.path, self.reason = path, reason

    def __str__(self) -> str:
        return (
            f"the state in {self.path} cannot be written ({self.reason}): free space on that disk, "
            "then repeat the call"
        )


class Damaged(Exception):
    """The journal contains something that was not written by localaws."""


class Journal:
    """Rows of bytes by kind, scope and key, in ``path``; with None as path nothing is kept.

    Rows of a kind are ordered by scope, then key. Without ``sync`` a barrier waits for nothing: for what is
    only too large for memory, and need not outlive the process.

    Raises:
        Damaged: the file is no journal.
        NotKept: it cannot be opened.
    """

    def __init__(self, path: Path | None, *, sync: bool = True) -> None:
        self._path, self._sync = path, sync
        self._pending: list[_Statement] = []
        self._written = self._strict = self._committed = 0  # counts of operations
        self._queue = threading.Lock()  # held for moments, to append or to take
        self._commit = threading.Lock()  # held for the length of a commit
        self._closed = threading.Event()
        self._lazy = threading.Event()
        if path is None:
            return
        try:
            self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute(f"PRAGMA synchronous = {'FULL' if sync else 'OFF'}")
            self._connection.execute(_TABLE)
            if sync:
                _lengthen_log(self._connection)
        except sqlite3.OperationalError as error:
            raise NotKept(path, str(error)) from error
        except sqlite3.DatabaseError as error:
            raise Damaged(str(error)) from error
        self._thread = threading.Thread(target=self._commit_lazily, name="localaws journal", daemon=True)
        self._thread.start()

    @property
    def durable(self) -> bool:
        """Whether rows are stored in a file."""
        return self._path is not None

    def put(self, kind: str, scope: str, key: str, value: bytes, *, lazy: bool = False) -> None:
        """Write a row, replacing one with the same key."""
        self._add([_put(kind, scope, key, value)], lazy)

    def put_all(self, kind: str, scope: str, rows: Mapping[str, bytes | None]) -> None:
        """Write rows of ``scope``, and delete those of None; a kill meanwhile leaves all as they were."""
        self._add(
            [
                (_DELETE, (kind, scope, key)) if value is None else _put(kind, scope, key, value)
                for key, value in rows.items()
            ],
            lazy=False,
        )

    def delete(self, kind: str, scope: str, key: str, *, lazy: bool = False) -> None:
        """Delete a row, if it exists."""
        self._add([(_DELETE, (kind, scope, key))], lazy)

    def clear(self, kind: str, scope: str, prefix: str = "", *, lazy: bool = False) -> None:
        """Remove the rows of ``scope`` whose key starts with ``prefix``."""
        self._add([(_CLEAR, (kind, scope, prefix, prefix + _END))], lazy)

    def rows(self, kind: str, scope: str | None = None) -> Iterator[tuple[str, str, bytes]]:
        """The rows of a kind (of one scope) in order: scope, key, value. What was written before is seen.

        Raises:
            Damaged: a row is not what was written.
        """
        if self._path is None:
            return
        query, given = (_ALL, (kind,)) if scope is None else (_SCOPE, (kind, scope))
        with self._commit:
            with suppress(NotKept):  # the next write reports it
                self._commit_all()
            found = self._connection.execute(query, given).fetchall()
        for of, key, value, kept in found:
            if zlib.crc32(value) != kept:
                raise Damaged(f"the row {kind} {of} {key} is not what was written")
            yield of, key, value

    def barrier(self) -> None:
        """Return when all that was written before this call, but for lazy rows, is on disk.

        Raises:
            NotKept: it cannot be written. It is tried again at the next barrier.
        """
        until = self._strict
        if self._committed >= until or not self._sync:
            return
        with self._commit:
            if self._committed < until:  # else who held the lock before has committed for this thread too
                self._commit_all()

    def close(self) -> None:
        """Commit what is left, and close the file."""
        if self._path is None or self._closed.is_set():
            return
        self._closed.set()
        self._lazy.set()
        self._thread.join()
        with self._commit:
            try:
                self._commit_all()
            finally:
                self._connection.close()

    def _add(self, statements: list[_Statement], lazy: bool) -> None:
        if self._path is None:
            return
        with self._queue:
            self._pending += statements
            self._written += len(statements)
            if not lazy:
                self._strict = self._written
        if lazy or not self._sync:
            self._lazy.set()

    def _commit_all(self) -> None:
        with self._queue:
            taken, self._pending = self._pending, []
            until = self._written
        if not taken:
            return
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for statement, values in taken:
                self._connection.execute(statement, values)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            with self._queue:
                self._pending[:0] = taken
            raise NotKept(self._path or Path(), str(error)) from error
        self._committed = until

    def _commit_lazily(self) -> None:
        while not self._closed.is_set():
            self._lazy.wait()
            self._closed.wait(_LAZY_SECONDS)
            self._lazy.clear()
            with self._commit, suppress(NotKept):  # as in rows
                self._commit_all()


def _put(kind: str, scope: str, key: str, value: bytes) -> _Statement:
    return _PUT, (kind, scope, key, value, zlib.crc32(value))


def _lengthen_log(connection: sqlite3.Connection) -> None:
    """Make SQLite's log as long as it gets between two checkpoints: to sync a file that grows costs more.

    What was written there by a transaction that was rolled back is overwritten; the database stays as it is.
    """
    (kept,) = connection.execute("PRAGMA cache_size").fetchone()
    connection.execute("PRAGMA cache_size = 10")  # pages: the rest goes to the log at once
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("CREATE TABLE filler (x BLOB)")
        for _ in range(_LOG_MEGABYTES):
            connection.execute("INSERT INTO filler VALUES (zeroblob(1000000))")
    except sqlite3.OperationalError:
        log.debug("there is no space to extend the log", exc_info=True)  # it grows as it is needed
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        connection.execute(f"PRAGMA cache_size = {kept}")
