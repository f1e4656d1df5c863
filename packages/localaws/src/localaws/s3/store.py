"""S3 for the other parts of localaws: objects as files."""

from pathlib import Path
from typing import Any

from moto.s3.models import s3_backends

from localaws.deliveries import Deliveries
from localaws.durability.keeper import Keeper
from localaws.objects import StoredObject
from localaws.s3.buckets import find_bucket
from localaws.s3.file_key import FileKey
from localaws.s3.object_files import ObjectFiles

__all__ = ["S3Store"]


class S3Store:
    """The ObjectStore over moto's S3. Bucket names are global, so no account is asked for."""

    def __init__(self, files: ObjectFiles, deliveries: Deliveries, keeper: Keeper) -> None:
        self._files, self._deliveries, self._keeper = files, deliveries, keeper

    def files(self, bucket: str, prefix: str) -> list[StoredObject]:
        """Current objects whose key starts with ``prefix``, in key order; none when the bucket is unknown."""
        found = find_bucket(bucket)
        if found is None:
            return []
        return [
            self._stored(name, key)
            for name, key in sorted(found.keys.items())
            if name.startswith(prefix) and isinstance(key, FileKey)
        ]

    def resolve(self, bucket: str, key: str) -> StoredObject | None:
        """The current object of that very key, or None."""
        found = find_bucket(bucket)
        current = found.keys.get(key) if found is not None else None
        return self._stored(key, current) if isinstance(current, FileKey) else None

    def put(self, bucket: str, key: str, body: bytes | Path) -> StoredObject:
        """Store ``body`` as PutObject would, events included; a file is copied.

        Raises:
            FileNotFoundError: there is no such bucket.
            OSError: the disk is full.
        """
        found = find_bucket(bucket)
        if found is None:
            raise FileNotFoundError(f"there is no bucket {bucket!r}")
        if isinstance(body, Path):
            with body.open("rb") as file:
                stored = self._files.write(iter(lambda: file.read(1 << 20), b""))
        else:
            stored = self._files.write([body])
        with self._deliveries.held():
            with self._keeper.collected():
                new: Any = s3_backends[found.account_id][found.partition].put_object(bucket, key, stored)
            self._keeper.journal.barrier()
        return self._stored(key, new)

    def _stored(self, name: str, key: FileKey) -> StoredObject:
        return StoredObject(name, self._files.path(key.file or ""), key.size)
