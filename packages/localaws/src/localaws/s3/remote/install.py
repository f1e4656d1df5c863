"""Let the buckets that lie elsewhere be asked there: by requests, and by localaws' other parts."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from moto.s3 import notifications

from localaws.durability.journal import Journal
from localaws.iam.guard import Guard
from localaws.objects import ObjectStore
from localaws.s3.buckets import find_bucket
from localaws.s3.remote.bucket import RemoteBucket
from localaws.s3.remote.cache import FileCache
from localaws.s3.remote.forward import Forwarder
from localaws.s3.remote.objects import Changed, RemoteObjects, RoutedObjects

__all__ = ["Forward", "install"]

Forward = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes] | None]


def install(
    undo: ExitStack,
    buckets: Sequence[RemoteBucket],
    here: ObjectStore,
    folder: Path,
    journal: Journal,
    guard: Guard,
) -> tuple[Forward, ObjectStore]:
    """What answers a request for an object of theirs (None for any other), and the store of all objects."""
    forwarders, stores = [], {}
    guard.elsewhere = frozenset(bucket.name for bucket in buckets)
    for bucket in buckets:
        changed = _sends_events(bucket)

        def changed_and_kept(
            event: str,
            key: str,
            size: int,
            etag: str,
            version: str | None,
            changed: Changed = changed,
        ) -> None:
            changed(event, key, size, etag, version)
            journal.barrier()

        forwarder = Forwarder(bucket, changed, guard)
        store = RemoteObjects(bucket, FileCache(folder / bucket.name, bucket.cache_bytes), changed_and_kept)
        undo.callback(store.close)
        undo.callback(forwarder.close)
        forwarders.append(forwarder)
        stores[bucket.name] = store

    def forward(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes] | None:
        for forwarder in forwarders:
            if (blocks := forwarder(environ, start_response)) is not None:
                return blocks
        return None

    return forward, RoutedObjects(here, stores) if stores else here


def _sends_events(remote: RemoteBucket) -> Changed:
    """Announces changes as the bucket's notifications ask for it, which are kept on this machine."""

    def changed(event: str, key: str, size: int, etag: str, version: str | None) -> None:
        if remote.on_change is not None and event.startswith("s3:ObjectCreated"):
            remote.on_change(key, etag)
        if (bucket := find_bucket(remote.name)) is not None:
            about: Any = SimpleNamespace(name=key, size=size, etag=etag, version_id=version)
            kind: Any = event
            notifications.send_event(bucket.account_id, kind, bucket, about)

    return changed
