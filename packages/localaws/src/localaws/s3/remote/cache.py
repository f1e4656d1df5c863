"""Copies of objects on this machine, so many as fit: what was read longest ago goes first."""

import hashlib
import os
import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

__all__ = ["FileCache"]


class FileCache:
    """Files below ``root``, named by what makes their content what it is, with ``limit`` bytes at most.

    Who has opened or linked a file keeps it when it goes. One that alone is larger than the limit stays until
    the next comes.
    """

    def __init__(self, root: Path, limit: int) -> None:
        self._root, self._limit = root, limit
        self._lock = threading.Lock()
        root.mkdir(parents=True, exist_ok=True)
        for unfinished in root.glob("*.new"):
            unfinished.unlink()
        self._sizes = {path.name: path.stat().st_size for path in root.iterdir()}
        self._total = sum(self._sizes.values())

    def find(self, *of: object) -> Path | None:
        """The file of that content, which counts as read now; None where it is not kept."""
        path = self._path(of)
        try:
            os.utime(path)
        except FileNotFoundError:
            return None
        return path

    def add(self, *of: object, write: Callable[[Path], object]) -> Path:
        """Have ``write`` fill the file of that content, whole or not at all."""
        path = self._path(of)
        unfinished = path.with_name(f"{uuid.uuid4().hex}.new")
        try:
            write(unfinished)
            size = unfinished.stat().st_size
            with self._lock:
                unfinished.replace(path)
                self._total += size - self._sizes.get(path.name, 0)
                self._sizes[path.name] = size
                self._shrink(path.name)
        finally:
            unfinished.unlink(missing_ok=True)
        return path

    def _path(self, of: tuple[object, ...]) -> Path:
        return self._root / hashlib.sha256("\0".join(map(str, of)).encode()).hexdigest()

    def _shrink(self, newest: str) -> None:
        if self._total <= self._limit:
            return

        def last_read(name: str) -> float:
            with suppress(FileNotFoundError):
                return (self._root / name).stat().st_mtime
            return 0.0

        for name in sorted(self._sizes, key=last_read):
            if self._total <= self._limit:
                return
            if name != newest:
                (self._root / name).unlink(missing_ok=True)
                self._total -= self._sizes.pop(name)
