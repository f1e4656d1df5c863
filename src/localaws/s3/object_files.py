"""The folder where the bodies of objects lie, each in a file of its own that never changes once written."""

import contextlib
import hashlib
import os
import shutil
import uuid
from collections.abc import Iterable
from pathlib import Path

__all__ = ["FileBody", "ObjectFiles"]

_BLOCK = 1 << 20


class FileBody(bytes):
    """A body that lies in a file and passes through moto where moto expects bytes.

    It is true even when it is empty, because moto replaces a false body (``self.body or b""``).
    """

    name: str  # relative to the ObjectFiles' folder
    size: int
    md5: str | None  # hex, where known
    adopted: bool  # an object owns the file

    @classmethod
    def of(cls, name: str, size: int, md5: str | None) -> "FileBody":
        body = cls()
        body.name, body.size, body.md5, body.adopted = name, size, md5, False
        return body

    def __bool__(self) -> bool:
        return True


class ObjectFiles:
    """Files below ``root``, named by random words and spread over 256 folders.

    An object that is overwritten or deleted takes its file with it; who has opened the file keeps reading.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._closed = False
        self._discarded: list[str] | None = None
        root.mkdir(parents=True, exist_ok=True)

    def path(self, name: str) -> Path:
        """Where the file of that name lies."""
        return self.root / name

    def new_name(self) -> str:
        """A name that no file has yet; its folder exists."""
        word = uuid.uuid4().hex
        (self.root / word[:2]).mkdir(exist_ok=True)
        return f"{word[:2]}/{word}"

    def write(self, blocks: Iterable[bytes]) -> FileBody:
        """Write a new file from ``blocks``, with its MD5 on the way."""
        name, md5, size = self.new_name(), hashlib.md5(usedforsecurity=False), 0
        path = self.path(name)
        try:
            with path.open("wb") as file:
                for block in blocks:
                    file.write(block)
                    md5.update(block)
                    size += len(block)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return FileBody.of(name, size, md5.hexdigest())

    def link(self, source: Path, md5: str | None = None) -> FileBody:
        """The content of ``source``, which must not change again, under a new name (a link if it can)."""
        name = self.new_name()
        try:
            os.link(source, self.path(name))
        except OSError:
            shutil.copyfile(source, self.path(name))
        return FileBody.of(name, self.path(name).stat().st_size, md5)

    def read(self, name: str, start: int = 0, length: int | None = None) -> Iterable[bytes]:
        """The file's bytes in blocks, from ``start``, at most ``length`` of them."""
        with self.path(name).open("rb") as file:
            file.seek(start)
            left = length if length is not None else -1
            while left:
                block = file.read(min(_BLOCK, left) if left > 0 else _BLOCK)
                if not block:
                    return
                left -= len(block) if left > 0 else 0
                yield block

    def md5(self, name: str) -> str:
        """The file's MD5 in hex."""
        with self.path(name).open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()

    def discard(self, name: str) -> None:
        """Remove the file, unless the store is closed: what moto throws away at a stop is kept on disk."""
        if self._closed:
            return
        if self._discarded is None:
            self.remove([name])
        else:
            self._discarded.append(name)

    def hold_discarded(self) -> None:
        """From now on, discarded files stay until ``remove``: a snapshot may still refer to them."""
        self._discarded = []

    def take_discarded(self) -> list[str]:
        """What was discarded since the last time."""
        taken, self._discarded = self._discarded or [], []
        return taken

    def return_discarded(self, names: list[str]) -> None:
        """What was taken is not removed after all."""
        self._discarded = [*names, *(self._discarded or [])]

    def remove(self, names: Iterable[str]) -> None:
        """Remove files for good."""
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                self.path(name).unlink()

    def keep_only(self, names: set[str]) -> None:
        """Remove every file that is not named: what a kill left behind."""
        for path in self.root.glob("*/*"):
            if f"{path.parent.name}/{path.name}" not in names:
                path.unlink()

    def close(self) -> None:
        """Remove no more files."""
        self._closed = True
