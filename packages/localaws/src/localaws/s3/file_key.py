"""S3 objects that keep their body in a file.

moto holds every body in memory, spills it over 5 MB to a temporary file without a name, and copies it for
each read (moto 5.2.5, s3/models.py, FakeKey); three puts of 100 MB took 330 MB. And Athena needs a path to
read. So the class that moto makes objects from is replaced by this one.
"""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, ClassVar

import moto.s3.models as s3_models
from moto.s3.models import FakeKey

from localaws.patching import replace
from localaws.s3.object_files import FileBody, ObjectFiles

__all__ = ["FileKey", "patch"]


class FileKey(FakeKey):
    """One version of an object, or one part of an upload."""

    files: ClassVar[ObjectFiles]
    file: str | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._value_buffer.close()

    @property
    def value(self) -> bytes:
        return b"".join(self.files.read(self.file)) if self.file else b""

    @value.setter
    def value(self, new: bytes | str) -> None:
        if isinstance(new, str):
            new = new.encode()
        body = new if isinstance(new, FileBody) else self.files.write([new])
        self.file, self.contentsize = body.name, body.size
        self._etag = self._etag or body.md5

    @property
    def etag(self) -> str:
        if self._etag is None:
            self._etag = self.files.md5(self.file) if self.file else None
        return f'"{self._etag}"'

    def shared(self) -> FileBody:
        """This object's body for another object: both share the file."""
        single_part = self._etag if self._etag and "-" not in self._etag else None
        return FileBody.of(self.file, self.size, single_part) if self.file else self.files.write([])

    def section(self, start: int, end: int) -> FileBody:
        """Bytes ``start`` to ``end``, both included, for another object."""
        blocks: Iterator[bytes] = (
            iter(self.files.read(self.file, start, end + 1 - start)) if self.file else iter(())
        )
        return self.files.write(blocks)

    def dispose(self, garbage: bool = False) -> None:
        """Only mark it: files without a reference are swept."""
        del garbage
        self.disposed = True

    def __del__(self) -> None:
        """Nothing: there is no temporary file."""

    def __getstate__(self) -> dict[str, Any]:
        return {name: kept for name, kept in self.__dict__.items() if name not in {"lock", "_value_buffer"}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.lock = threading.Lock()


def patch(undo: ExitStack, files: ObjectFiles) -> None:
    """Make moto create FileKeys, with their bodies in ``files``."""
    FileKey.files = files
    replace(undo, s3_models, "FakeKey", FileKey)
