"""What the files must look like: the target dataset's columns, ready to read."""

from dataclasses import dataclass

import pyarrow as pa

from stepcast.pipeline.importing.columns import Column
from stepcast.pipeline.importing.numbers import FloatColumn, IntegerColumn
from stepcast.pipeline.importing.text_column import TextColumn
from stepcast.pipeline.importing.timestamps import TimestampColumn
from stepcast.pipeline.params import Params

__all__ = ["TargetSchema"]


@dataclass(frozen=True)
class TargetSchema:
    """The columns in the order of the schema, as a CSV file has them; and what three of them mean."""

    columns: tuple[Column, ...]
    identifier: int  # places in ``columns``
    timestamp: int
    target: int

    @classmethod
    def of(cls, params: Params) -> "TargetSchema":
        dataset = params.target
        columns: list[Column] = []
        for attribute in dataset.columns:
            name = attribute.attribute_name
            match attribute.attribute_type:
                case "timestamp":
                    columns.append(TimestampColumn(name, params.timestamp_format))
                case "float":
                    columns.append(FloatColumn(name))
                case "integer":
                    columns.append(IntegerColumn(name))
                case "string" | "geolocation":
                    columns.append(TextColumn(name, required=name == dataset.identifier))
        names = [column.name for column in columns]
        places = (names.index(name) for name in (dataset.identifier, "timestamp", dataset.target))
        return cls(tuple(columns), *places)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def stored(self) -> pa.Schema:
        """The rows as they are stored for SQL."""
        return pa.schema([(column.name, column.type) for column in self.columns])
