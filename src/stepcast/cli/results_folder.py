"""The folder that ``stepcast run --out`` writes: atomically, and never over other files."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stepcast.cli.failure import Failure

__all__ = ["ResultsFolder"]

MARKER = ".stepcast.json"  # lists the files that stepcast wrote


class ResultsFolder:
    """A folder of results; existing files are replaced only if an earlier run wrote them."""

    def __init__(self, path: Path, force: bool = False) -> None:
        """Failure if ``path`` contains other files; with ``force``, they are kept."""
        self.path = path.resolve()
        if self.path.exists() and not self.path.is_dir():
            raise Failure(f"{path} is a file: set --out to a folder")
        foreign = self._foreign()
        if foreign and not force:
            more = f" and {len(foreign) - 3} more" if len(foreign) > 3 else ""
            raise Failure(
                f"{path} contains files that stepcast did not write "
                f"({', '.join(map(str, foreign[:3]))}{more}): "
                "choose another --out, or add --force to keep them and overwrite only the results"
            )

    @contextmanager
    def replaced(self) -> Iterator[Path]:
        """Yield an empty folder to fill; if the context succeeds, it replaces the old one."""
        with self._beside() as fresh:
            yield fresh
            self._mark(fresh)
            self._swap(fresh)

    def add(self, name: str, text: str) -> None:
        """Write one file and leave the others unchanged."""
        ours = {*self._ours(), Path(name)}
        self.path.mkdir(parents=True, exist_ok=True)
        with self._beside() as scratch:
            (scratch / name).write_text(text, encoding="utf-8")
            (scratch / MARKER).write_text(_listing(ours), encoding="utf-8")
            (scratch / MARKER).replace(self.path / MARKER)
            (scratch / name).replace(self.path / name)

    @contextmanager
    def _beside(self) -> Iterator[Path]:
        """An empty folder on the same file system, so that a rename moves it; removed at the end."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.path.parent, prefix=f".{self.path.name}.") as scratch:
            fresh = Path(scratch) / "new"
            fresh.mkdir()
            yield fresh

    def _swap(self, fresh: Path) -> None:
        old = fresh.with_name("old")
        foreign = self._foreign()
        if self.path.exists():
            self.path.rename(old)
        try:
            fresh.rename(self.path)
        except OSError:
            if old.exists():
                old.rename(self.path)
            raise
        for name in foreign:
            kept = self.path / name
            if not kept.exists():
                kept.parent.mkdir(parents=True, exist_ok=True)
                shutil.move(old / name, kept)

    def _mark(self, folder: Path) -> None:
        (folder / MARKER).write_text(_listing(_files(folder)), encoding="utf-8")

    def _ours(self) -> set[Path]:
        try:
            listed = json.loads((self.path / MARKER).read_text("utf-8"))["files"]
        except (FileNotFoundError, ValueError, KeyError):
            return set()
        return {Path(name) for name in listed}

    def _foreign(self) -> list[Path]:
        return sorted(_files(self.path) - self._ours())


def _files(folder: Path) -> set[Path]:
    """Every file below, as a relative path, except the marker."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if not path.is_dir() or path.is_symlink())
    return {path for path in found if path != Path(MARKER)}


def _listing(files: set[Path]) -> str:
    names = sorted(path.as_posix() for path in files)
    return json.dumps({"made_by": "stepcast run", "files": names}, indent=2) + "\n"
