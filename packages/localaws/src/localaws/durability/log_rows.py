"""Log events and metric data as rows of the journal: they are appended, and a row holds what came at once."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend, cloudwatch_backends
from moto.core.utils import utcfromtimestamp
from moto.logs.models import LogEvent, LogGroup, LogStream, logs_backends

from localaws.durability.codec import Blobs, Omitted, decode, encode
from localaws.durability.journal import Journal
from localaws.durability.marks import Marks
from localaws.patching import replace

__all__ = ["OMITTED", "LogRows"]

OMITTED: Omitted = {(LogStream, "events"): list, (CloudWatchBackend, "metric_data"): list}
_NOTHING: Omitted = {}


class LogRows:
    """Writes rows of what is appended to ``journal``, and appends the content of its rows at a restart."""

    def __init__(self, journal: Journal, marks: Marks, blobs: Blobs) -> None:
        self._journal, self._marks, self._blobs = journal, marks, blobs
        self._order = threading.Lock()

    def patch(self, undo: ExitStack, streams_changed: Callable[[], None]) -> None:
        """Notice what is appended, and, for ``streams_changed``, streams that come and go."""
        for operation in ("create_log_stream", "delete_log_stream"):
            original = getattr(LogGroup, operation)

            def changed(group: Any, log_stream_name: str, *, _original: Any = original) -> None:
                _original(group, log_stream_name)
                self._marks.note("log streams", streams_changed)

            replace(undo, LogGroup, operation, changed)
        put_events = LogStream.put_log_events

        def events_put(stream: Any, log_events: Any) -> str:
            token = put_events(stream, log_events)
            self._appended("log", _stream_scope(stream), stream, "events")
            return token

        replace(undo, LogStream, "put_log_events", events_put)
        put_data = CloudWatchBackend.put_metric_data

        def data_put(backend: Any, *args: Any, **kwargs: Any) -> None:
            put_data(backend, *args, **kwargs)
            self._appended("metric", _metric_scope(backend), backend, "metric_data")

        replace(undo, CloudWatchBackend, "put_metric_data", data_put)

    def restore(self) -> None:
        """Append what the rows hold."""
        backend: Any
        for _, _, backend in logs_backends.iter_backends():
            for group in backend.groups.values():
                for stream in group.streams.values():
                    events = stream.events = self._restored("log", _stream_scope(stream), stream)
                    stream.stored_bytes = sum(len(event.message) for event in events)
                    for event in events:
                        LogEvent._event_id = max(LogEvent._event_id, event.event_id + 1)
                    if events:
                        stream.last_ingestion_time = utcfromtimestamp(events[-1].ingestion_time / 1000)
        for scope in {scope for scope, _, _ in self._journal.rows("metric")}:
            account, _, region = scope.partition("/")
            backend = cloudwatch_backends[account][region]
            backend.metric_data = self._restored("metric", scope, backend)

    def write_all(self) -> None:
        """Write rows for what is in memory, which came from elsewhere."""
        backend: Any
        for _, _, backend in logs_backends.iter_backends():
            for group in backend.groups.values():
                for stream in group.streams.values():
                    self._write("log", _stream_scope(stream), stream, "events")
        for _, _, backend in cloudwatch_backends.iter_backends():
            self._write("metric", _metric_scope(backend), backend, "metric_data")

    def _appended(self, kind: str, scope: str, owner: Any, attribute: str) -> None:
        self._marks.note((kind, scope), partial(self._write, kind, scope, owner, attribute))

    def _write(self, kind: str, scope: str, owner: Any, attribute: str) -> None:
        with self._order:
            written = getattr(owner, "localaws_written", 0)
            new = getattr(owner, attribute)[written:]
            owner.localaws_written = written + len(new)
            if new:
                self._journal.put(kind, scope, f"{written:012d}", encode(new, _NOTHING, self._blobs))

    def _restored(self, kind: str, scope: str, owner: Any) -> list[Any]:
        items: list[Any] = []
        for _, key, row in self._journal.rows(kind, scope):
            del items[int(key) :]  # a row that was written again
            items.extend(decode(row, _NOTHING, self._blobs))
        owner.localaws_written = len(items)
        return items


def _stream_scope(stream: Any) -> str:
    # The time tells a stream from one of the same name that was deleted.
    return f"{stream.arn}@{stream.creation_time.isoformat()}"


def _metric_scope(backend: Any) -> str:
    return f"{backend.account_id}/{backend.region_name}"
