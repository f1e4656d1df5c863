"""Is the body the one that was signed?"""

import hashlib
import io
from io import BufferedIOBase
from typing import Any

from localaws.gate.refused import Refused

__all__ = ["Unread", "read_whole"]

Environ = dict[str, Any]


class Unread(BufferedIOBase):
    """A body that is read later, block by block, and refused at its end if its SHA-256 is another.

    Read to its end, it raises Refused instead of giving the last block, so nothing is made of it.
    """

    def __init__(self, stream: Any, length: int | None, digest: str) -> None:
        self._stream, self._left, self._digest = stream, length, digest
        self._hash = hashlib.sha256()
        self._checked = False

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        return self._seen(self._stream.read(size))

    def read1(self, size: int | None = -1) -> bytes:
        return self.read(size)

    def readline(self, size: int | None = -1) -> bytes:
        return self._seen(self._stream.readline(size))

    def _seen(self, block: bytes) -> bytes:
        self._hash.update(block)
        if self._left is not None:
            self._left -= len(block)
        if not self._checked and (not block or self._left == 0):
            self._checked = True
            if self._hash.hexdigest() != self._digest:
                raise Refused(
                    400,
                    "XAmzContentSHA256Mismatch",
                    "The provided 'x-amz-content-sha256' header does not match what was computed.",
                )
        return block


def read_whole(environ: Environ) -> str:
    """Read the body into memory and return its SHA-256 in hex."""
    body = environ["wsgi.input"].read()
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ.pop("wsgi.input_terminated", None)
    return hashlib.sha256(body).hexdigest()
