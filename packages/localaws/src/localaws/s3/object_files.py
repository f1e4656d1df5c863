"""The folder of the objects' bodies, each in a file named after its content, which never changes."""

import contextlib
import hashlib
import itertools
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from localaws.durability.journal import Journal, NotKept

__all__ = ["FileBody", "ObjectFiles"]

_BLOCK = 1 << 20
_KIND = "body"  # of the journal's rows
_SMALL = 1 << 16  # bytes of a body that the journal keeps until its file is on disk
_YOUNG_SECONDS = 600.0  # a file that is younger may belong to a request that is not done


class FileBody(bytes):
    """A body in a file, passed through moto where moto expects bytes.

    It is true even when it is empty, because moto replaces a false body (``self.body or b""``).
    """

    name: str  # relative to the ObjectFiles' folder
    size: int
    md5: str | None  # hex, where known

    @classmethod
    def of(cls, name: str, size: int, md5: str | None) -> "FileBody":
        body = cls()
        body.name, body.size, body.md5 = name, size, md5
        return body

    def __bool__(self) -> bool:
        return True


class ObjectFiles:
    """Files below ``root``, named by the SHA-256 of their content and spread over 256 folders.

    Objects of the same content share a file. What an overwritten or deleted object leaves is removed by
    ``sweep``, never before it is certain that nothing refers to it.

    With a durable ``journal``, a large file is on disk before its name is known to anybody. A small body is a
    row of the journal, on disk together with the row of its object and at no further cost, until ``settle``
    has brought its file there.
    """

    def __init__(self, root: Path, journal: Journal) -> None:
        self.root, self._journal = root, journal
        self._unsettled: list[str] = []
        self._hashing = ThreadPoolExecutor(2, thread_name_prefix="localaws md5")
        self._incoming = root / "incoming"
        self._incoming.mkdir(parents=True, exist_ok=True)
        self._folders = {path.name for path in root.iterdir()}
        self._naming = threading.Lock()  # from the check whether a file exists until it is marked as used

    def close(self) -> None:
        """End the threads."""
        self._hashing.shutdown()

    def path(self, name: str) -> Path:
        """The path of the file of that name."""
        return self.root / name

    def write(self, blocks: Iterable[bytes]) -> FileBody:
        """Keep ``blocks`` in a file, with their MD5 on the way.

        Raises:
            NotKept: the disk is full, or cannot be written.
        """
        head, following = bytearray(), iter(blocks)
        try:
            for block in following:
                head += block
                if len(head) > _SMALL:
                    return self._write_large(itertools.chain([bytes(head)], following))
            return self._write_small(bytes(head))
        except OSError as error:
            if isinstance(error, ConnectionError):
                raise  # the client's, in the midst of its body
            raise NotKept(self.root, error.strerror or str(error)) from error

    def _write_small(self, body: bytes) -> FileBody:
        digest = hashlib.sha256(body).hexdigest()
        with self._naming:
            name, target, is_there = self._claim(digest)
            # A kill may have left half of it there, to which no row refers.
            if not is_there or target.read_bytes() != body:
                try:
                    target.write_bytes(body)
                except OSError:
                    target.unlink(missing_ok=True)
                    raise
        if self._journal.durable:
            self._journal.put(_KIND, "", name, body)
            self._unsettled.append(name)
        return FileBody.of(name, len(body), hashlib.md5(body, usedforsecurity=False).hexdigest())

    def _write_large(self, blocks: Iterable[bytes]) -> FileBody:
        md5, sha, size = hashlib.md5(usedforsecurity=False), hashlib.sha256(), 0
        unfinished = self._incoming / uuid.uuid4().hex
        try:
            with unfinished.open("wb") as file:
                for block in blocks:
                    # MD5 takes as long as all the rest: the two share the processors.
                    hashed = self._hashing.submit(md5.update, block)
                    file.write(block)
                    sha.update(block)
                    hashed.result()
                    size += len(block)
                if self._journal.durable:
                    file.flush()
                    os.fsync(file.fileno())
            with self._naming:
                name, target, is_there = self._claim(sha.hexdigest())
                if not is_there:
                    os.replace(unfinished, target)  # noqa: PTH105 - atomic
            if self._journal.durable:
                _sync(target.parent)
                _sync(self.root)
            return FileBody.of(name, size, md5.hexdigest())
        finally:
            unfinished.unlink(missing_ok=True)

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

    def sweep(self, referenced: Callable[[], set[str]], younger: float = _YOUNG_SECONDS) -> int:
        """Remove the files that ``referenced`` does not name and that are older; return how many.

        A file counts as young for ``younger`` seconds after it was written, or found to have the content of
        a new object. What ``referenced`` returns must include every file that a restart could refer to.
        """
        until = time.time() - younger
        old = [path for path in self.root.glob("*/*") if path.is_file() and path.stat().st_mtime <= until]
        if not old:
            return 0
        names, removed = referenced(), 0
        for path in old:
            with self._naming, contextlib.suppress(FileNotFoundError):
                if f"{path.parent.name}/{path.name}" not in names and path.stat().st_mtime <= until:
                    path.unlink()
                    removed += 1
        return removed

    def restore(self) -> None:
        """Write the files of small bodies that may not have reached the disk."""
        for _, name, body in list(self._journal.rows(_KIND)):
            if not self.path(name).exists() or self.path(name).read_bytes() != body:
                self.path(name).parent.mkdir(exist_ok=True)
                self.path(name).write_bytes(body)
            self._unsettled.append(name)
        self.settle()

    def settle(self) -> None:
        """Bring the files of small bodies to disk, and let the journal forget those bodies."""
        names, self._unsettled = self._unsettled, []
        for name in names:
            with contextlib.suppress(FileNotFoundError):  # swept meanwhile
                _sync(self.path(name))
        for folder in {self.path(name).parent for name in names}:
            _sync(folder)
        if names:
            _sync(self.root)
        for name in names:
            self._journal.delete(_KIND, "", name, lazy=True)

    def _claim(self, digest: str) -> tuple[str, Path, bool]:
        """Name and file of a content, and whether the file exists: if so, it counts as new again."""
        folder, name = digest[:2], f"{digest[:2]}/{digest}"
        target = self.path(name)
        if folder not in self._folders:
            target.parent.mkdir(exist_ok=True)
            self._folders.add(folder)
        try:
            os.utime(target)
        except FileNotFoundError:
            return name, target, False
        return name, target, True


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
