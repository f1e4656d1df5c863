"""Look at a bucket that sends no events here, and say when its input has changed."""

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

QUIET_SECONDS = 1.0  # without a further word: an upload of many files is looked at once
LONGEST_SECONDS = 10.0  # that a look is put off
STOPS_WITHIN = 5.0

Seen = dict[str, tuple[str, datetime]]  # of each key: ETag, and when it was uploaded


class Watch:
    """Looks when it is told to (``look``), and every ``every`` seconds; 0: only when it is told to.

    ``start(when)`` is called where files are new or other than at the last look, and also at the first, for
    what came before. Files that went away start nothing, as on AWS. What has sent its event already
    (``announced``) is not announced again.
    """

    def __init__(self, bucket: str, every: float) -> None:
        self._bucket, self._every = bucket, every or None
        self._seen: Seen | None = None
        self._announced: dict[str, str] = {}
        self._told, self._ending = threading.Event(), threading.Event()
        self._lost = False

    @contextmanager
    def running(self, s3: Any, start: Callable[[datetime], None]) -> Iterator[None]:
        """Look in a thread of its own while the context lasts."""
        thread = threading.Thread(target=self._run, args=(s3, start), name="stepcast watch", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ending.set()
            self._told.set()
            thread.join(STOPS_WITHIN)  # a store that does not answer must not keep anybody waiting

    def look(self) -> None:
        """Something has changed, or may have."""
        self._told.set()

    def announced(self, key: str, etag: str) -> None:
        """This object has sent its event. ``etag`` is empty where it is not known."""
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
                # What came before the first look has its own time; else this is sure to be later.
                start(max(news) if self._seen is None else datetime.now(UTC))
        except Exception as error:  # the store is away, say: it will be looked at again
            if not self._lost:
                log.warning("s3://%s could not be looked at, and will be again: %s", self._bucket, error)
            self._lost = True
            return
        self._lost, self._seen = False, present

    def _news(self, present: Seen) -> list[datetime]:
        """When what has not been announced was uploaded."""
        before = self._seen or {}
        news = []
        for key, (etag, uploaded) in present.items():
            if before.get(key) == (etag, uploaded):
                continue
            if self._announced.pop(key, None) not in (etag, ""):
                news.append(uploaded)
        return news
