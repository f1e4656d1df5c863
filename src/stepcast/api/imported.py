"""Frames or files through the import itself: shards of series on one grid, or every problem at once."""

import json
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from stepcast.api.errors import InvalidInput, in_arguments
from stepcast.engine.task import Task
from stepcast.pipeline import layout, objects, shard_list
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
    """Local files by the rules of the import, without a server. Leaving its context deletes the shards.

    ``params``  params.json, validated.
    ``report``  what was noticed, and a summary of the data.
    ``count``   shards of series, which lie in a temporary folder.
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
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="stepcast-import-")))
            self._import(files, folder)
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _import(self, files: Mapping[str, Path], folder: Path) -> None:
        kept, scratch = folder / "objects", folder / "scratch"
        kept.mkdir()
        scratch.mkdir()
        self._bucket = FileBucket(files, kept)
        rows = layout.rows(self.params.target.dataset_name, RUN)
        import_input(self._bucket, "", RUN, self.params, rows, self.report, scratch)
        self.report = self._told()
        if self.report.errors:
            raise InvalidInput(self.report)
        self.count = len(shard_list.series_shards(self._bucket, "", RUN))
        self._sums = shard_list.sum_shards(self._bucket, "", RUN)

    def _told(self) -> Report:
        return in_arguments(self.report) if self._arguments else self.report

    @property
    def task(self) -> Task:
        """What the engine is asked for."""
        return task_of(self.params)

    def shard_bytes(self, number: int) -> bytes:
        """Shard ``number``, of series from 0 to ``count`` - 1, as ``read_shard`` reads it."""
        return objects.read(self._bucket, "", layout.shard(RUN, number))

    def shards(self) -> Iterator[Shard]:
        """All shards in order, one at a time in memory."""
        for number in range(self.count):
            yield read_shard(self.shard_bytes(number))

    def sums(self) -> Iterator[Shard]:
        """With a hierarchy, the shards of its sums, level by level from the total down."""
        for number in self._sums:
            yield read_shard(self.shard_bytes(number))

    def warn(self) -> None:
        """Show the report's warnings as Python's."""
        for group in grouped(problem for problem in self.report.problems if problem.severity == "warning"):
            warnings.warn(str(group), DataWarning, stacklevel=3)
