"""An object of the bucket as a file that is read once, from start to end."""

import io
from typing import Any

from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from stepcast.pipeline.errors import ResourceNotFoundException, Superseded
from stepcast.pipeline.importing.files.source import Source

__all__ = ["ObjectStream"]

DROPPED = (ConnectionClosedError, IncompleteReadError, ReadTimeoutError, ResponseStreamingError)
ATTEMPTS = 5  # in a row without a further byte


class ObjectStream(io.RawIOBase):
    """Reads from S3 in pieces; resumes at the same position if the connection drops.

    Raises Superseded if the object is replaced meanwhile, ResourceNotFoundException if it is deleted, and
    botocore's error if S3 is unreachable. ``position`` is the number of bytes read.
    """

    def __init__(self, s3: Any, bucket: str, source: Source) -> None:
        super().__init__()
        self.position = 0
        self._s3, self._bucket, self._source = s3, bucket, source
        self._body: Any = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill ``buffer`` with the bytes of one read; return 0 at the end."""
        failures = 0
        while self.position < self._source.size:
            try:
                if self._body is None:
                    self._body = self._open()
                chunk = self._body.read(len(buffer))
            except DROPPED:
                failures += 1
                self._hang_up()
                if failures == ATTEMPTS:
                    raise
                continue
            if not chunk:
                break
            buffer[: len(chunk)] = chunk
            self.position += len(chunk)
            return len(chunk)
        return 0

    def close(self) -> None:
        self._hang_up()
        super().close()

    def _hang_up(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None

    def _open(self) -> Any:
        where = {"Bucket": self._bucket, "Key": self._source.key, "IfMatch": self._source.etag}
        if self.position:
            where["Range"] = f"bytes={self.position}-"
        try:
            return self._s3.get_object(**where)["Body"]
        except ClientError as error:
            name = f"s3://{self._bucket}/{self._source.key}"
            code = error.response["Error"]["Code"]
            if code in ("PreconditionFailed", "412"):
                raise Superseded(
                    f"{name} was replaced while it was being read; the newer run reads it"
                ) from None
            if code in ("NoSuchKey", "404"):
                raise ResourceNotFoundException(f"{name} was deleted while it was being read") from None
            raise
