"""Keeps the snapshot of a state folder up to date: shortly after every change, and at the stop."""

import logging
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from moto.s3.models import s3_backends

from localaws.durability.snapshot import object_files, read_snapshot, write_snapshot
from localaws.s3.object_files import ObjectFiles

__all__ = ["Keeper"]

log = logging.getLogger(__name__)

_QUIET_SECONDS = 0.2  # a snapshot follows when nothing has changed for so long,
_PATIENCE_SECONDS = 2.0  # or when the first change that is not in it is so old
_READING = (
    "Get",
    "List",
    "Describe",
    "Head",
    "BatchGet",
    "Query",
    "Scan",
    "Search",
    "Lookup",
    "Validate",
    "Test",
)


class Keeper:
    """Restores what ``folder`` holds, and keeps what happens from then on.

    Files of objects that are overwritten or deleted stay until a snapshot knows about it: until then, a
    restart after a kill finds the object as it was.

    Raises:
        StateUnusable: the snapshot cannot be used.
    """

    def __init__(self, folder: Path, files: ObjectFiles) -> None:
        self._path = folder / "snapshot"
        self._files = files
        self._changed = threading.Event()
        self._stopped = False
        self._saving = threading.Lock()
        if self._path.exists():
            more = read_snapshot(self._path)
            s3_backends.bucket_accounts.update(more["bucket_accounts"])
        files.keep_only(object_files())
        files.hold_discarded()
        self._thread = threading.Thread(target=self._run, name="localaws keeper", daemon=True)
        self._thread.start()

    def touch(self) -> None:
        """Something has changed."""
        self._changed.set()

    def answered(self, environ: dict[str, Any], status: int) -> None:
        """A request was answered; unless it only read or failed, it has changed something."""
        if status < 400 and _changes(environ):
            self.touch()

    def save(self) -> None:
        """Write a snapshot now."""
        with self._saving:
            self._changed.clear()
            discarded = self._files.take_discarded()
            try:
                write_snapshot(self._path, {"bucket_accounts": dict(s3_backends.bucket_accounts)})
            except BaseException:
                self._files.return_discarded(discarded)
                raise
            self._files.remove(discarded)

    def stop(self) -> None:
        """Write the last snapshot."""
        self._stopped = True
        self._changed.set()
        self._thread.join()
        self.save()

    def _run(self) -> None:
        while True:
            self._changed.wait()
            first = time.monotonic()
            while not self._stopped and time.monotonic() < first + _PATIENCE_SECONDS:
                self._changed.clear()
                if not self._changed.wait(_QUIET_SECONDS):
                    break
            if self._stopped:
                return
            try:
                self.save()
            except Exception:
                log.exception("the state was not saved; it will be tried again at the next change")


def _changes(environ: dict[str, Any]) -> bool:
    if environ["REQUEST_METHOD"] in {"GET", "HEAD", "OPTIONS"}:
        return False
    target = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    if not target:
        target = (parse_qs(environ.get("QUERY_STRING", "")).get("Action") or [""])[0]
    return not target.startswith(_READING)
