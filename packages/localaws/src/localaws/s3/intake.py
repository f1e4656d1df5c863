"""Write the body of a PutObject or UploadPart to a file before moto sees the request.

moto reads a request's body into memory and copies it several times on its way to the object (form parsing,
removal of aws-chunked framing, checksum). Here the body goes from the socket to its file in blocks, and moto
gets a FileBody in its place. A body that its Content-MD5 does not match is refused here.
"""

import base64
import binascii
import hashlib
import io
import re
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, BinaryIO
from urllib.parse import parse_qs

from moto.s3.responses import S3Response

from localaws.gate.refused import Refused
from localaws.patching import replace
from localaws.s3.object_files import ObjectFiles

__all__ = ["BODY", "Intake", "patch"]

_BLOCK = 1 << 20
BODY = "localaws.s3.body"  # in the environ: the FileBody
_NOT_A_BODY = {
    "acl",
    "tagging",
    "retention",
    "legal-hold",
    "restore",
    "select",
    "torrent",
}  # PUT ?acl and the like
_CHECKSUM = re.compile(r"x-amz-checksum-(crc32|sha1|sha256)$")

Environ = dict[str, Any]


class Intake:
    """Called with the environ of every S3 request."""

    def __init__(self, files: ObjectFiles) -> None:
        self._files = files

    def __call__(self, environ: Environ) -> None:
        if not _brings_a_body(environ):
            return
        trailers: dict[str, str] = {}
        checksum = _Checksum(environ)
        stream = environ["wsgi.input"]
        chunked = _is_aws_chunked(environ)
        blocks = _aws_chunks(stream, trailers) if chunked else _blocks(stream)
        body = self._files.write(checksum.over(blocks))
        if (digest := environ.get("HTTP_CONTENT_MD5")) and digest != _base64(body.md5):
            raise Refused(400, "BadDigest", "The Content-MD5 you specified did not match what we received.")
        environ[BODY] = body
        environ["wsgi.input"] = io.BytesIO()
        environ["CONTENT_LENGTH"] = "0"
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        environ.pop("wsgi.input_terminated", None)
        if chunked:
            environ["HTTP_X_AMZ_CONTENT_SHA256"] = "UNSIGNED-PAYLOAD"
        for name, value in trailers.items():
            environ["HTTP_" + name.upper().replace("-", "_")] = value
            if match := _CHECKSUM.match(name):
                environ.setdefault("HTTP_X_AMZ_SDK_CHECKSUM_ALGORITHM", match[1].upper())
        checksum.add_to(environ)


def _brings_a_body(environ: Environ) -> bool:
    if environ["REQUEST_METHOD"] != "PUT" or "HTTP_X_AMZ_COPY_SOURCE" in environ:
        return False
    host = environ.get("HTTP_HOST", "").rsplit(":", 1)[0]
    if host not in {"127.0.0.1", "localhost"}:  # bucket.localhost: moto takes the bucket from the host
        return False
    _, _, key = environ.get("PATH_INFO", "").lstrip("/").partition("/")
    if not key:
        return False
    return not _NOT_A_BODY & parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True).keys()


def _is_aws_chunked(environ: Environ) -> bool:
    return environ.get("HTTP_X_AMZ_CONTENT_SHA256", "").startswith("STREAMING-") or (
        "aws-chunked" in environ.get("HTTP_CONTENT_ENCODING", "")
    )


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    while block := stream.read(_BLOCK):
        yield block


def _aws_chunks(stream: BinaryIO, trailers: dict[str, str]) -> Iterator[bytes]:
    """The data of an aws-chunked body; its trailing headers go to ``trailers``.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
    """
    while True:
        size = int(stream.readline().split(b";")[0].strip() or b"0", 16)
        if size == 0:
            break
        while size:
            block = stream.read(min(_BLOCK, size))
            if not block:
                raise ConnectionError("the client closed the connection within a chunk")
            size -= len(block)
            yield block
        stream.readline()
    while line := stream.readline().strip():
        name, _, value = line.decode("latin-1").partition(":")
        trailers[name.strip().lower()] = value.strip()
    while stream.read(_BLOCK):
        pass


class _Checksum:
    """A checksum that the client requests without sending it; moto would need the body in memory for it."""

    def __init__(self, environ: Environ) -> None:
        self.algorithm = environ.get("HTTP_X_AMZ_SDK_CHECKSUM_ALGORITHM", "").upper()
        self._header = f"HTTP_X_AMZ_CHECKSUM_{self.algorithm}"
        self._wanted = self.algorithm in {"CRC32", "SHA1", "SHA256"} and self._header not in environ
        self._crc = 0
        self._hash = None
        if self._wanted and self.algorithm != "CRC32":
            self._hash = hashlib.new(self.algorithm.lower(), usedforsecurity=False)

    def over(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        for block in blocks:
            if self._hash:
                self._hash.update(block)
            elif self._wanted:
                self._crc = binascii.crc32(block, self._crc)
            yield block

    def add_to(self, environ: Environ) -> None:
        if self._wanted and self._header not in environ:  # a trailer may have brought it
            digest = self._hash.digest() if self._hash else self._crc.to_bytes(4, "big")
            environ[self._header] = base64.b64encode(digest).decode()


def patch(undo: ExitStack) -> None:
    """Replace the body of moto's S3 operations by the FileBody."""
    setup_class = S3Response.setup_class

    def setup_with_file(self: Any, request: Any, full_url: str | None = None, headers: Any = None) -> None:
        setup_class(self, request, full_url, headers)
        if (body := request.environ.get(BODY)) is not None:
            self.body = self.raw_body = body

    replace(undo, S3Response, "setup_class", setup_with_file)


def _base64(md5: str | None) -> str:
    return base64.b64encode(bytes.fromhex(md5 or "")).decode()
