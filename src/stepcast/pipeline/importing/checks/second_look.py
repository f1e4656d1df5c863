"""Locates rows that turned out to be remarkable, by reading the files again only when needed."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stepcast.engine.arrays import Integers
from stepcast.pipeline.importing.columns.file_schema import FileSchema
from stepcast.pipeline.importing.columns.timestamps import moment_text
from stepcast.pipeline.importing.files.reading import rows_of, silent
from stepcast.pipeline.importing.files.source import Source
from stepcast.pipeline.importing.target.series_collector import SeriesCollector
from stepcast.pipeline.importing.target.target_rows import TargetRows
from stepcast.pipeline.params import TimestampFormat
from stepcast.pipeline.problems import Report
from stepcast.pipeline.shards import label

__all__ = ["Place", "SecondLook"]


@dataclass(frozen=True)
class Place:
    """A row with its location and content. ``mark`` is assigned by the caller that searches for it."""

    file: str
    line: int
    item: str
    seconds: int
    value: float
    mark: int

    def text(self, stated: TimestampFormat) -> str:
        """For a person: ``5 at 2014-01-31 (train/a.csv line 7)``."""
        return f"{self.value:g} at {moment_text(self.seconds, stated)} ({self.file} line {self.line:,})"


@dataclass(frozen=True)
class SecondLook:
    """The files of the target once more, in their order.

    Raises the same errors as the first reading: a file may have been replaced since.
    """

    s3: Any
    bucket: str
    files: Sequence[Source]
    schema: FileSchema
    collected: SeriesCollector
    folder: Path

    def places(self, marks: Callable[[TargetRows], tuple[Integers, Integers]]) -> Iterator[Place]:
        """The rows that ``marks`` finds in a batch, with a mark each, in the order of the files."""
        read = rows_of(self.s3, self.bucket, self.files, self.schema, Report(), self.folder, silent)
        for file, rows in read:
            target = self.collected.rows(rows)
            found, given = marks(target)
            if not len(found):
                continue
            lines = rows.lines()[target.present]
            for row, mark in zip(found.tolist(), given.tolist(), strict=True):
                (key,) = self.collected.keys.at([int(target.series[row])])
                yield Place(
                    file,
                    int(lines[row]),
                    label(key),
                    int(target.seconds[row]),
                    float(target.values[row]),
                    mark,
                )
