"""Answer GetObject from the object's file, block by block.

moto reads the whole object into memory, and cuts a range from that (moto 5.2.5, s3/responses.py, get_object
and _handle_range_header). Both only need something with a length that can be sliced once: here it is an open
file.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from moto.s3.responses import S3Response

from localaws.patching import replace
from localaws.s3.file_key import FileKey

__all__ = ["open_body", "patch"]

_BLOCK = 1 << 18


class _FileContent:
    """A section of an open file, as a response's body. Slicing narrows it and hands the file on."""

    def __init__(self, path: str, size: int) -> None:
        self._descriptor: int | None = os.open(path, os.O_RDONLY)
        self._start, self._size = 0, size

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, section: slice) -> "_FileContent":
        start, stop, _ = section.indices(self._size)
        self._start, self._size = self._start + start, max(0, stop - start)
        return self

    def __iter__(self) -> Iterator[bytes]:
        at, end = self._start, self._start + self._size
        while at < end and self._descriptor is not None:
            block = os.pread(self._descriptor, min(_BLOCK, end - at), at)
            if not block:
                break
            at += len(block)
            yield block

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __del__(self) -> None:
        self.close()


def open_body(key: FileKey) -> Any:
    """The object's body: what can be sliced once, and gives its blocks."""
    return _FileContent(str(key.files.path(key.file)), key.size) if key.file else b""


class _Streamed:
    """An object whose ``value`` is its open file."""

    def __init__(self, key: FileKey) -> None:
        self._key = key

    @property
    def value(self) -> Any:
        return open_body(self._key)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._key, name)


def patch(undo: ExitStack) -> None:
    """Give GetObject objects whose value is a file."""
    get_key = S3Response._get_key

    def get_streamed(self: Any, *args: Any, **kwargs: Any) -> tuple[Any, bool]:
        key, not_modified = get_key(self, *args, **kwargs)
        return (_Streamed(key) if isinstance(key, FileKey) else key), not_modified

    replace(undo, S3Response, "_get_key", get_streamed)
