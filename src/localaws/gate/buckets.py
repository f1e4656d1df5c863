"""What the gate sees of moto's S3: a bucket, and which bucket and key a request names."""

from typing import Any
from urllib.parse import unquote

from moto.s3.models import FakeBucket, s3_backends

from localaws.gate.sigv4 import wire_target

__all__ = ["addressed", "find_bucket"]

Environ = dict[str, Any]


def find_bucket(name: str) -> FakeBucket | None:
    """The bucket of that name, of any account."""
    where: Any = s3_backends.bucket_accounts.get(name)
    if where is None:
        return None
    partition, account = where
    return s3_backends[account][partition].buckets.get(name)


def addressed(environ: Environ, virtual_bucket: str) -> tuple[str, str]:
    """Bucket and key of a request to S3, each empty where there is none; as moto reads them."""
    path, _ = wire_target(environ)
    if virtual_bucket:
        return virtual_bucket, unquote(path[1:])
    return path.lstrip("/").partition("/")[0], "/".join(unquote(path).split("/")[2:])
