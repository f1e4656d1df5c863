"""Frames or files through the import itself: shards of series on one grid, or every problem at once."""

import json
import shutil
import tempfile
import warnings
import weakref
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from stepcast.api.errors import InvalidInput, in_arguments
from stepcast.engine.task import Task
from stepcast.pipeline import layout, objects
from stepcast.pipeline.file_bucket import FileBucket
from stepcast.pipeline.importing import import_input
from stepcast.pipeline.problems import Report, grouped
from stepcast.pipeline.read_params import read_params
from stepcast.pipeline.shards import Shard, read_shard
from stepcast.pipeline.task import task_of

__all__ = ["DataWarning", "Imported"]

RUN = "import"


class DataWarning(UserWarning):
    """Something about the data that a forecast can live with, and what to change."""


class Imported:
    """Local files by the rules of the import, without a server.

    ``params``  params.json, validated.
    ``report``  what was noticed, and a summary of the data.
    ``count``   shards of series, which lie in a temporary folder as long as this lives.
    """

    def __init__(
        self, document: Mapping[str, Any], files: Mapping[str, Path], *, arguments: bool = False
    ) -> None:
        """``document`` is params.json; ``files`` by their key in a bucket: ``{"train/df.parquet": path}``.

        With ``arguments``, problems name frames and arguments of Python instead of files and keys. Raises
        InvalidInput with every problem.
        """
        self._arguments = arguments
        params, problems = read_params(json.dumps(document).encode())
        self.report = Report()
        self.report.extend(problems)
        if params is None:
            raise InvalidInput(self._told())
        self.params = params
        folder = Path(tempfile.mkdtemp(prefix="stepcast-import-"))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        (folder / "objects").mkdir()
        (folder / "scratch").mkdir()
        self._bucket = FileBucket(files, folder / "objects")
        rows = layout.rows(params.target.dataset_name, RUN)
        import_input(self._bucket, "", RUN, params, rows, self.report, folder / "scratch")
        objects.delete_all(self._bucket, "", rows)  # for SQL, which nobody asks here
        self.report = self._told()
        if self.report.errors:
            raise InvalidInput(self.report)
        self.count = len(objects.read_json(self._bucket, "", layout.shard_list(RUN)))

    def _told(self) -> Report:
        return in_arguments(self.report) if self._arguments else self.report

    @property
    def task(self) -> Task:
        """What the engine is asked for."""
        return task_of(self.params)

    def shard_bytes(self, number: int) -> bytes:
        """Shard ``number``, from 0 to ``count`` - 1, as ``read_shard`` reads it."""
        return objects.read(self._bucket, "", layout.shard(RUN, number))

    def shards(self) -> Iterator[Shard]:
        """All shards in order, one at a time in memory."""
        for number in range(self.count):
            yield read_shard(self.shard_bytes(number))

    def warn(self) -> None:
        """Show the report's warnings as Python's."""
        for group in grouped(problem for problem in self.report.problems if problem.severity == "warning"):
            warnings.warn(str(group), DataWarning, stacklevel=3)
