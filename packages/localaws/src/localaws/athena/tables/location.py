"""Which objects a LOCATION holds."""

from localaws.athena.errors import QueryFailed
from localaws.objects import ObjectStore, StoredObject

__all__ = ["bucket_and_prefix", "data_files"]


def bucket_and_prefix(location: str) -> tuple[str, str]:
    """The folder that a LOCATION names; the prefix ends in ``/`` unless it is the whole bucket.

    >>> bucket_and_prefix("s3://bucket/a/b")
    ('bucket', 'a/b/')
    """
    scheme, _, rest = location.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme not in {"s3", "s3a", "s3n"} or not bucket:
        raise QueryFailed("INVALID_TABLE_PROPERTY", f"LOCATION must be s3://BUCKET/FOLDER/, got {location!r}")
    return bucket, f"{key.strip('/')}/" if key.strip("/") else ""


def data_files(store: ObjectStore, location: str) -> list[StoredObject]:
    """The objects with rows: not those that Hive hides (``_SUCCESS``, ``.tmp/x``), and no empty ones."""
    bucket, prefix = bucket_and_prefix(location)
    return [
        found
        for found in store.files(bucket, prefix)
        if found.size and not any(part.startswith(("_", ".")) for part in found.key[len(prefix) :].split("/"))
    ]
