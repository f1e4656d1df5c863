"""Complete uploads and copy objects from file to file.

moto joins the parts of an upload in memory, twice where a checksum is kept, and copies through memory too
(moto 5.2.5, s3/models.py: FakeMultipart.complete, S3Backend.copy_object and upload_part_copy).
"""

import base64
import binascii
import hashlib
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from moto import settings
from moto.s3.exceptions import EntityTooSmall, InvalidPart, MalformedXML
from moto.s3.models import FakeMultipart, S3Backend

from localaws.patching import replace
from localaws.s3.file_key import FileKey
from localaws.s3.object_files import FileBody

__all__ = ["patch"]


def _complete(
    self: Any, body: Iterator[tuple[int, str]]
) -> tuple[FileBody, str, tuple[str, str, int] | None]:
    parts: list[FileKey] = []
    for number, etag in body:
        part = self.parts.get(number)
        if part is None or part.etag.strip('"') != etag.strip('"'):
            raise InvalidPart
        if parts and parts[-1].contentsize < settings.S3_UPLOAD_PART_MIN_SIZE:
            raise EntityTooSmall
        parts.append(part)
    if not parts:
        raise MalformedXML
    checksum = _Checksum(
        self.metadata.get("x-amz-checksum-algorithm"), self.metadata.get("x-amz-checksum-type")
    )
    joined = FileKey.files.write(checksum.over(parts))
    joined.md5 = None  # the ETag of an upload is not the MD5 of its content
    digests = b"".join(bytes.fromhex(part.etag.strip('"')) for part in parts)
    etag = f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(parts)}"
    return joined, etag, checksum.result(len(parts))


class _Checksum:
    """The checksum of a whole upload: over all its bytes, or over its parts' checksums (COMPOSITE)."""

    def __init__(self, algorithm: str | None, kind: str | None) -> None:
        # Algorithms outside the standard library are left out: a client checks only what it is sent.
        self._algorithm = algorithm if algorithm in {"CRC32", "SHA1", "SHA256"} else None
        self._kind = kind or "COMPOSITE"
        self._whole = self._new()
        self._parts = b""

    def _new(self) -> Any:
        if self._algorithm == "CRC32":
            return _Crc32()
        return hashlib.new((self._algorithm or "md5").lower(), usedforsecurity=False)

    def over(self, parts: list[FileKey]) -> Iterator[bytes]:
        for part in parts:
            of_part = self._new()
            for block in FileKey.files.read(part.file) if part.file else ():
                if self._algorithm:
                    (of_part if self._kind == "COMPOSITE" else self._whole).update(block)
                yield block
            self._parts += of_part.digest()

    def result(self, parts: int) -> tuple[str, str, int] | None:
        if not self._algorithm:
            return None
        if self._kind == "COMPOSITE":
            self._whole.update(self._parts)
        return (
            self._kind,
            base64.b64encode(self._whole.digest()).decode(),
            parts if self._kind == "COMPOSITE" else 1,
        )


class _Crc32:
    def __init__(self) -> None:
        self._value = 0

    def update(self, block: bytes) -> None:
        self._value = binascii.crc32(block, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


class _Shared:
    """A source of a copy whose ``value`` is its file."""

    def __init__(self, key: FileKey) -> None:
        self._key = key

    @property
    def value(self) -> FileBody:
        return self._key.shared()

    def __getattr__(self, name: str) -> Any:
        if name in {"checksum_algorithm", "checksum_value"} and self._key.checksum_type == "COMPOSITE":
            return None  # that of its parts: the copy is one whole
        return getattr(self._key, name)


def patch(undo: ExitStack) -> None:
    """Join and copy files."""
    replace(undo, FakeMultipart, "complete", _complete)

    copy_object: Any = S3Backend.copy_object

    def copy_file(self: Any, src_key: Any, *args: Any, **kwargs: Any) -> None:
        copy_object(self, _Shared(src_key) if isinstance(src_key, FileKey) else src_key, *args, **kwargs)

    replace(undo, S3Backend, "copy_object", copy_file)

    def upload_part_copy(
        self: Any,
        dest_bucket_name: str,
        multipart_id: str,
        part_id: int,
        src_bucket_name: str,
        src_key_name: str,
        src_version_id: str | None,
        start_byte: int | None,
        end_byte: int | None,
    ) -> Any:
        multipart = self.get_bucket(dest_bucket_name).multiparts[multipart_id]
        source = self.get_object(src_bucket_name, src_key_name, version_id=src_version_id)
        whole = start_byte is None or end_byte is None
        return multipart.set_part(part_id, source.shared() if whole else source.section(start_byte, end_byte))

    replace(undo, S3Backend, "upload_part_copy", upload_part_copy)
