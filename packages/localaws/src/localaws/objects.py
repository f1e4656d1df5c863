"""What the parts of localaws may know about stored objects: keys in, files out."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

__all__ = ["ObjectStore", "StoredObject"]


@dataclass(frozen=True, slots=True)
class StoredObject:
    """The current version of one S3 object, readable as a file.

    ``path`` may vanish when the object is overwritten or deleted; who has opened it keeps reading.
    Treat the file as read-only: several objects may share it.
    """

    key: str
    path: Path
    size: int  # bytes


class ObjectStore(Protocol):
    """S3 for an engine that reads files; bucket names are global, as on AWS."""

    def files(self, bucket: str, prefix: str) -> list[StoredObject]:
        """Current objects whose key starts with ``prefix``, in key order; none when the bucket is unknown."""
        ...

    def resolve(self, bucket: str, key: str) -> StoredObject | None:
        """The current object of that very key, or None."""
        ...

    def put(self, bucket: str, key: str, body: bytes | Path) -> StoredObject:
        """Store ``body`` (bytes, or a file that is copied) as PutObject would, events included.

        Raises:
            FileNotFoundError: there is no such bucket.
        """
        ...
