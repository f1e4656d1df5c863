"""Watch a bucket that sends no events to this machine, and report changes of its input files."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from stepcast.pipeline import inputs

__all__ = ["Watch"]

log = logging.getLogger(__name__)

QUIET_SECONDS = 1.0  # without another notification: after an upload of many files, the bucket is listed once
LONGEST_SECONDS = 10.0  # by which this delays a listing
STOPS_WITHIN = 5.0

Seen = dict[str, tuple[str, datetime]]  # by key: ETag and upload time


class Watch:
    """Lists the bucket on request (``look``) and every ``every`` seconds; 0 turns polling off.

    ``start(when)`` is called if files are new or changed since the last listing, and on the first listing for
    files uploaded before it. Deleted files start nothing, as on AWS. An object that has sent its own event
    (``announced``) is not reported again.
    """

    def __init__(self, bucket: str, every: float) -> None:
        self._bucket, self._every = bucket, every or None
        self._seen: Seen | None = None
        self._announced: dict[str, str] = {}
        self._told, self._ending = threading.Event(), threading.Event()
        self._lost = False

    @contextmanager
    def running(self, s3: Any, start: Callable[[datetime], None]) -> Iterator[None]:
        """Watch in a background thread while the context is open."""
        thread = threading.Thread(target=self._run, args=(s3, start), name="stepcast watch", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ending.set()
            self._told.set()
            thread.join(STOPS_WITHIN)  # a store that does not answer must not delay the exit

    def look(self) -> None:
        """List the bucket soon, because something may have changed."""
        self._told.set()

    def announced(self, key: str, etag: str) -> None:
        """Record that an object has sent its event; ``etag`` is empty if unknown."""
        if inputs.is_input(key, size=1):
            self._announced[key] = etag.strip('"')

    def _run(self, s3: Any, start: Callable[[datetime], None]) -> None:
        while not self._ending.is_set():
            self._look_now(s3, start)
            if self._told.wait(self._every):
                self._wait_for_quiet()

    def _wait_for_quiet(self) -> None:
        until = time.monotonic() + LONGEST_SECONDS
        while self._told.is_set() and not self._ending.is_set() and time.monotonic() < until:
            self._told.clear()
            self._told.wait(QUIET_SECONDS)
        self._told.clear()

    def _look_now(self, s3: Any, start: Callable[[datetime], None]) -> None:
        try:
            found = inputs.present(s3, self._bucket)
            present = {file.key: (file.etag.strip('"'), file.uploaded) for file in found}
            if news := self._news(present):
                # On the first listing, the upload time; afterwards the present, which is certainly later.
                start(max(news) if self._seen is None else datetime.now(UTC))
        except Exception as error:  # for example a store that is down: retried with the next listing
            if not self._lost:
                log.warning("s3://%s could not be listed, will retry: %s", self._bucket, error)
            self._lost = True
            return
        self._lost, self._seen = False, present

    def _news(self, present: Seen) -> list[datetime]:
        """Upload times of new and changed objects that were not announced."""
        before = self._seen or {}
        news = []
        for key, (etag, uploaded) in present.items():
            if before.get(key) == (etag, uploaded):
                continue
            if self._announced.pop(key, None) not in (etag, ""):
                news.append(uploaded)
        return news
