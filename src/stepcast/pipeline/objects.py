"""The bucket's objects: read, write, list, move."""

import io
import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from botocore.exceptions import ClientError

from stepcast.pipeline.errors import ResourceNotFoundException

__all__ = ["copy", "delete_all", "keys", "read", "read_json", "write", "write_json"]

DELETED_AT_ONCE = 1000  # DeleteObjects' limit


def read(s3: Any, bucket: str, key: str) -> bytes:
    """The object's bytes; ResourceNotFoundException with the key if it does not exist."""
    try:
        with closing(s3.get_object(Bucket=bucket, Key=key)["Body"]) as stream:
            body: bytes = stream.read()
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
            raise ResourceNotFoundException(f"s3://{bucket}/{key} does not exist") from None
        raise
    return body


def read_json(s3: Any, bucket: str, key: str) -> Any:
    return json.loads(read(s3, bucket, key))


def write(s3: Any, bucket: str, key: str, body: bytes | str | io.BufferedIOBase) -> None:
    """Put the object atomically; a large file is sent in parts."""
    if isinstance(body, io.BufferedIOBase):
        s3.upload_fileobj(body, bucket, key)
    else:
        s3.put_object(Bucket=bucket, Key=key, Body=body)


def write_json(s3: Any, bucket: str, key: str, document: Any) -> None:
    write(s3, bucket, key, json.dumps(document, indent=2, ensure_ascii=False))


def keys(s3: Any, bucket: str, prefix: str) -> Iterator[str]:
    """Every key under ``prefix``, in order."""
    for entry in entries(s3, bucket, prefix):
        yield entry["Key"]


def entries(s3: Any, bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
    """Key, ETag, Size and LastModified of every object under ``prefix``, in order of the keys."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from page.get("Contents", [])


def folders(s3: Any, bucket: str, prefix: str) -> list[str]:
    """The names directly under ``prefix``: for ``forecast/``, its vintages."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, Delimiter="/")
    return [row["Prefix"][len(prefix) : -1] for page in pages for row in page.get("CommonPrefixes", [])]


def copy(s3: Any, bucket: str, source: str, destination: str) -> None:
    """Copy every object under ``source`` to its place under ``destination``; idempotent.

    Objects that have disappeared are skipped, since another run may move the same objects.
    """
    for key in keys(s3, bucket, source):
        try:
            s3.copy({"Bucket": bucket, "Key": key}, bucket, destination + key.removeprefix(source))
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("NoSuchKey", "404"):
                raise


def delete_all(s3: Any, bucket: str, prefix: str) -> None:
    """Delete every object under ``prefix``."""
    found = [{"Key": key} for key in keys(s3, bucket, prefix)]
    for start in range(0, len(found), DELETED_AT_ONCE):
        batch = found[start : start + DELETED_AT_ONCE]
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": batch, "Quiet": True})
        if errors := answer.get("Errors"):
            raise PermissionError(f"s3://{bucket}/{errors[0]['Key']} was not deleted: {errors[0]['Message']}")
