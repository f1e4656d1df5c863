"""Item metadata: from the files under metadata/ to the attributes of each item."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stepcast.pipeline import layout
from stepcast.pipeline.importing.columns.file_schema import FileSchema
from stepcast.pipeline.importing.files.field_statistics import Document, FieldStatistics
from stepcast.pipeline.importing.files.reading import Progress, rows_of, silent
from stepcast.pipeline.importing.files.source import sources
from stepcast.pipeline.params import Params
from stepcast.pipeline.problems import Problem, Report

__all__ = ["ItemMetadata", "import_metadata"]

Attributes = tuple[str, ...]


class ItemMetadata:
    """The attributes of each item: one text for each attribute, ``""`` if it is missing.

    ``names``       of the attributes.
    ``rows``        read without an error; ``statistics`` as in Imported.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.rows = 0
        self.statistics: dict[str, Document] = {}
        self.first_items: dict[str, str] = {}  # of each file
        self._of: dict[str, Attributes] = {}
        self._same: dict[str, str] = {}  # each distinct text is kept once

    def add(self, item: str, attributes: Attributes) -> bool:
        """Add an item; whether it is new or has the same attributes as before."""
        kept = tuple(self._same.setdefault(text, text) for text in attributes)
        return self._of.setdefault(item, kept) == kept

    def of(self, item: str) -> Attributes | None:
        """The attributes of the item, if it has any."""
        return self._of.get(item)

    def likely_header(self, new: Sequence[str]) -> tuple[str, str] | None:
        """File and item of a first row that looks like a header: the only ``new`` item, unlike all others."""
        file = next((file for file, first in self.first_items.items() if [first] == list(new)), None)
        if file is None or len(self._of) < 3:
            return None
        own = self._of[new[0]]
        letters_only = all(cell and not any(map(str.isdigit, cell)) for cell in (new[0], *own))
        others = (theirs for item, theirs in self._of.items() if item != new[0])
        if not letters_only or any(
            cell == mine for theirs in others for cell, mine in zip(theirs, own, strict=True)
        ):
            return None
        return file, new[0]

    @property
    def items(self) -> list[str]:
        """All items, in order."""
        return sorted(self._of)


def import_metadata(
    s3: Any, bucket: str, params: Params, report: Report, scratch: Path, progress: Progress = silent
) -> ItemMetadata | None:
    """Read every file under ``metadata/``; problems go to ``report``. None if params.json has no metadata.

    Kept in memory like the items' names, about 200 bytes per item.
    """
    dataset = params.metadata
    if dataset is None:
        return None
    schema = FileSchema.of(dataset, params.timestamp_format)
    metadata = ItemMetadata(dataset.attributes)
    statistics = FieldStatistics(schema, params.timestamp_format, ())
    columns = [schema.names.index(name) for name in (dataset.identifier, *metadata.names)]
    files = sources(s3, bucket, layout.METADATA, report)
    for file, rows in rows_of(s3, bucket, files, schema, report, scratch, progress):
        statistics.update(rows)
        cells = [rows.batch.column(column).to_pylist() for column in columns]
        if cells[0]:
            metadata.first_items.setdefault(file, cells[0][0])
        for item, *given in zip(*cells, strict=True):
            texts = tuple("" if text is None else str(text).strip() for text in given)
            if not metadata.add(item, texts):
                report.add(_twice(item, file))
    metadata.rows, metadata.statistics = statistics.rows, statistics.documents()
    return metadata


def _twice(item: str, file: str) -> Problem:
    what = "a second row has different attributes for the item"
    return Problem("V12", "error", what, "Keep one row for each item", file=file, item=item)
