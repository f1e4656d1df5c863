"""The folder of one query: the files that it may read, and those that it writes."""

import contextlib
import os
import shutil
from itertools import count
from pathlib import Path

from localaws.objects import StoredObject

__all__ = ["Workspace"]


class Workspace:
    """``inputs`` are the files that the query may read, ``root`` the folder into which it may write.

    An input is a hard link, so an object that is overwritten or deleted meanwhile stays as the query first
    saw it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.inputs: list[Path] = []
        self.scanned = 0  # bytes
        self._numbers = count()
        root.mkdir(parents=True)

    def read(self, stored: StoredObject) -> Path:
        """The path under which the query reads ``stored``.

        Raises:
            FileNotFoundError: the object is gone already.
        """
        path = self.root / f"in{next(self._numbers)}"
        try:
            os.link(stored.path, path)
        except FileNotFoundError:
            raise
        except OSError:  # another file system, or one without links
            path = stored.path
            path.stat()
        self.inputs.append(path)
        self.scanned += stored.size
        return path

    def write(self, name: str) -> Path:
        """The path under which the query writes a result."""
        return self.root / name

    def remove(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self.root)
