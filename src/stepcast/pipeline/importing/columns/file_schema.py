"""The schema of a dataset's files: its columns, ready to read."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from stepcast.pipeline.importing.columns.clock import Clock
from stepcast.pipeline.importing.columns.columns import Column
from stepcast.pipeline.importing.columns.numbers import FloatColumn, IntegerColumn
from stepcast.pipeline.importing.columns.text_column import TextColumn
from stepcast.pipeline.importing.columns.timestamp_formats import format_of
from stepcast.pipeline.importing.columns.timestamps import TimestampColumn
from stepcast.pipeline.params import Dataset, TimestampFormat

__all__ = ["FileSchema"]

NUMBER_LIKE = re.compile(r"[^\w\s]*\d[\d.,' ]*([eE][+-]?\d+)?\D{0,4}")


@dataclass(frozen=True)
class FileSchema:
    """The columns in the order of the schema, which is that of a CSV file.

    ``identifier``  position in ``columns`` of the item's name.
    ``timestamp``   position of the timestamp; None in item metadata.
    ``target``      position of the target; None in other files.
    """

    columns: tuple[Column, ...]
    identifier: int
    timestamp: int | None
    target: int | None

    @classmethod
    def of(cls, dataset: Dataset, stated: TimestampFormat, clock: Clock | None = None) -> "FileSchema":
        columns: list[Column] = []
        for attribute in dataset.columns:
            name = attribute.attribute_name
            match attribute.attribute_type:
                case "timestamp":
                    columns.append(TimestampColumn(name, stated, clock))
                case "float":
                    columns.append(FloatColumn(name))
                case "integer":
                    columns.append(IntegerColumn(name))
                case "string" | "geolocation":
                    item = name == dataset.identifier
                    is_key = item or dataset.dataset_type != "ITEM_METADATA"
                    columns.append(TextColumn(name, required=item, name_of_series=is_key))
        names = [column.name for column in columns]
        moments = [place for place, column in enumerate(columns) if isinstance(column, TimestampColumn)]
        return cls(
            tuple(columns),
            names.index(dataset.identifier),
            moments[0] if moments else None,
            names.index(dataset.target) if dataset.dataset_type == "TARGET_TIME_SERIES" else None,
        )

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def resembles(self, place: int, cells: Sequence[str]) -> bool:
        """Whether the ``cells`` could belong in the column at ``place``, correctly formatted or not."""
        filled = [cell for cell in map(str.strip, cells) if cell]
        if isinstance(self.columns[place], TimestampColumn):
            return bool(filled) and format_of(filled[:1]) is not None
        if isinstance(self.columns[place], TextColumn):
            return bool(filled)
        return 2 * sum(NUMBER_LIKE.fullmatch(cell) is not None for cell in filled) > len(filled)

    @property
    def stored(self) -> pa.Schema:
        """The rows as they are stored for SQL."""
        return pa.schema([(column.name, column.type) for column in self.columns])
