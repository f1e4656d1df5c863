"""GetObject of a whole object, answered without moto's web application.

Most requests of a pipeline read an object, without a range or a condition. On its way through Flask and moto
(5.2.5) such a request costs four times what it takes to find the object and its headers; any other request
goes to moto. A test compares the two.
"""

import uuid
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote

from moto.s3.utils import ARCHIVE_STORAGE_CLASSES

from localaws.s3.buckets import find_bucket
from localaws.s3.file_key import FileKey
from localaws.s3.streamed_get import open_body

__all__ = ["addressed", "plain_get"]

Environ = dict[str, Any]

_QUERIES = {"", "x-id=GetObject"}  # which boto3 adds
_CONDITIONS = (
    "HTTP_RANGE",
    "HTTP_IF_MATCH",
    "HTTP_IF_NONE_MATCH",
    "HTTP_IF_MODIFIED_SINCE",
    "HTTP_IF_UNMODIFIED_SINCE",
    "HTTP_X_AMZ_EXPECTED_BUCKET_OWNER",
)


def plain_get(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes] | None:
    """The answer to a request that was let in, or None when moto must answer it.

    An anonymous request may be allowed by an ACL, which moto checks.
    """
    if (
        environ["REQUEST_METHOD"] != "GET"
        or environ.get("QUERY_STRING", "") not in _QUERIES
        or environ.get("localaws.access_key") is None
        or any(name in environ for name in _CONDITIONS)
    ):
        return None
    found = addressed(environ)
    key = found[0].keys.get(found[1]) if found is not None and not found[0].website_configuration else None
    if not isinstance(key, FileKey) or key.storage_class in ARCHIVE_STORAGE_CLASSES:
        return None
    headers: dict[str, str] = dict(key.response_dict)
    if key.version_id != "null":
        headers["x-amz-version-id"] = key.version_id
    if environ.get("HTTP_X_AMZ_CHECKSUM_MODE") == "ENABLED" and key.checksum_algorithm:
        parts = f"-{key.checksum_parts}" if key.checksum_type == "COMPOSITE" else ""
        headers[f"x-amz-checksum-{key.checksum_algorithm.lower()}"] = f"{key.checksum_value}{parts}"
        if key.checksum_type:
            headers["x-amz-checksum-type"] = key.checksum_type
    headers.update(key.metadata)
    headers["Accept-Ranges"] = "bytes"
    headers["x-amzn-requestid"] = uuid.uuid4().hex
    body: Iterable[bytes] = open_body(key)
    start_response("200 OK", [(name, str(value)) for name, value in headers.items()])
    return body


def addressed(environ: Environ) -> tuple[Any, str] | None:
    """The bucket, if it exists, and the key that a request names, or None where moto must decide."""
    raw: str = environ.get("RAW_URI", "").partition("?")[0]
    bucket_name, _, name = raw.removeprefix("/").partition("/")
    name = unquote(name)
    # If the path can be read in two ways, moto reads it: permission was decided on its reading.
    if not name or environ["PATH_INFO"].encode("latin-1") != f"/{bucket_name}/{name}".encode():
        return None
    bucket = find_bucket(bucket_name)
    return None if bucket is None or bucket.logging else (bucket, name)
