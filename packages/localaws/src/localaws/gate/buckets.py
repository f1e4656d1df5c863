"""What the gate needs of moto's S3: a bucket, and which bucket and key a request names."""

from typing import Any
from urllib.parse import unquote

from localaws.gate.sigv4 import wire_target
from localaws.s3.buckets import find_bucket

__all__ = ["addressed", "find_bucket"]

Environ = dict[str, Any]


def addressed(environ: Environ, virtual_bucket: str) -> tuple[str, str]:
    """Bucket and key of a request to S3, each empty where there is none; as moto reads them."""
    path, _ = wire_target(environ)
    if virtual_bucket:
        return virtual_bucket, unquote(path[1:])
    return path.lstrip("/").partition("/")[0], "/".join(unquote(path).split("/")[2:])
