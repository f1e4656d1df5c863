"""Local files behind the S3 client calls that the import makes, without a server or a copy."""

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from botocore.exceptions import ClientError

from stepcast.pipeline import layout

__all__ = ["FileBucket", "InputOnly"]


class FileBucket:
    """A bucket whose objects are the given files, by key; writes go to ``scratch``.

    Behaves like S3 as far as the import needs it: objects sorted by key, an ETag that changes with the file,
    NoSuchKey and PreconditionFailed. Bucket names are ignored.
    """

    def __init__(self, files: Mapping[str, Path], scratch: Path) -> None:
        self._files = dict(files)
        self._scratch = scratch
        self._written = 0

    def get_object(self, Key: str, IfMatch: str = "", Range: str = "", **_: Any) -> dict[str, Any]:  # noqa: N803 - S3's
        path = self._path(Key, "GetObject")
        if IfMatch and IfMatch != _etag(path):
            raise _error("PreconditionFailed", "GetObject", Key)
        body = path.open("rb")
        body.seek(int(Range.removeprefix("bytes=").removesuffix("-") or 0))
        return {"Body": body}

    def put_object(self, Key: str, Body: bytes | str, **_: Any) -> None:  # noqa: N803 - S3's
        content = Body.encode() if isinstance(Body, str) else Body
        self.upload_fileobj(io.BytesIO(content), "", Key)

    def upload_fileobj(self, body: BinaryIO, bucket: str, key: str) -> None:
        del bucket
        path = self._scratch / f"object-{self._written}"
        self._written += 1
        with path.open("wb") as file:
            while chunk := body.read(1 << 20):
                file.write(chunk)
        self._files[key] = path

    def delete_objects(self, Delete: Mapping[str, Any], **_: Any) -> dict[str, Any]:  # noqa: N803 - S3's
        for entry in Delete["Objects"]:
            self._files.pop(entry["Key"], None)
        return {}

    def get_paginator(self, operation: str) -> "FileBucket":
        """For list_objects_v2, the only operation that is used."""
        del operation
        return self

    def paginate(self, Prefix: str, **_: Any) -> Iterator[dict[str, Any]]:  # noqa: N803 - S3's
        found = sorted(key for key in self._files if key.startswith(Prefix))
        paths = {key: self._files[key] for key in found}
        yield {
            "Contents": [
                {"Key": key, "ETag": _etag(path), "Size": path.stat().st_size} for key, path in paths.items()
            ]
        }

    def _path(self, key: str, operation: str) -> Path:
        path = self._files.get(key)
        if path is None or not path.exists():
            raise _error("NoSuchKey", operation, key)
        return path


class InputOnly:
    """A bucket from which only the input is read; everything else is read from and written to ``own``."""

    def __init__(self, s3: Any, own: FileBucket) -> None:
        self._s3, self._own = s3, own

    def get_object(self, Key: str, **more: Any) -> Any:  # noqa: N803 - S3's
        is_input = Key == layout.PARAMS or Key.startswith(layout.INPUTS)
        return (self._s3 if is_input else self._own).get_object(Key=Key, **more)

    def get_paginator(self, operation: str) -> "InputOnly":
        del operation
        return self

    def paginate(self, Prefix: str, **more: Any) -> Any:  # noqa: N803 - S3's
        asked = self._s3 if Prefix.startswith(layout.INPUTS) else self._own
        return asked.get_paginator("list_objects_v2").paginate(Prefix=Prefix, **more)

    def put_object(self, **given: Any) -> None:
        self._own.put_object(**given)

    def upload_fileobj(self, body: BinaryIO, bucket: str, key: str) -> None:
        self._own.upload_fileobj(body, bucket, key)

    def delete_objects(self, **given: Any) -> dict[str, Any]:
        return self._own.delete_objects(**given)


def _etag(path: Path) -> str:
    known = path.stat()
    return f'"{known.st_mtime_ns}-{known.st_size}"'


def _error(code: str, operation: str, key: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": key}}, operation)
