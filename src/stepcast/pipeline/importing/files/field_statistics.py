"""Statistics of each column of the import, as in DescribeDatasetImportJob."""

import math
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stepcast.pipeline.importing.columns.distinct import DistinctCount, hashes_of_numbers, hashes_of_texts
from stepcast.pipeline.importing.columns.file_schema import FileSchema
from stepcast.pipeline.importing.columns.timestamps import moment_text
from stepcast.pipeline.importing.entries.series_keys import SeriesKeys
from stepcast.pipeline.importing.files.rows import Rows
from stepcast.pipeline.params import TimestampFormat

__all__ = ["Document", "FieldStatistics"]

LARGEST_INTEGER = 2**31 - 1  # above it, Count is -1 and CountLong has the number

Document = dict[str, int | float | str]


class ColumnStatistics(Protocol):
    """Statistics of one column, updated batch by batch."""

    def update(self, rows: Rows, place: int) -> None: ...

    def document(self) -> Document: ...


class FieldStatistics:
    """Statistics of every column; distinct texts of series key columns are counted from the keys.

    ``Count`` is the number of rows, empty cells included. ``CountDistinct`` is exact up to 16,383 and for the
    columns of the series key, else an estimate with a standard error of 0.8%. ``Stddev`` divides by n - 1.
    Min and Max are texts, as in the service; Avg and Stddev exist only for numbers.

    Source: Amazon Forecast API, Statistics.
    """

    def __init__(self, schema: FileSchema, stated: TimestampFormat, key: tuple[str, ...]) -> None:
        self._columns: dict[str, ColumnStatistics] = {}
        self._key = key
        self.rows = 0
        self._moments = MomentStatistics(stated)
        for place, column in enumerate(schema.columns):
            if place == schema.timestamp:
                self._columns[column.name] = self._moments
            elif pa.types.is_string(column.type):
                self._columns[column.name] = TextStatistics(counted=column.name not in key)
            else:
                self._columns[column.name] = NumberStatistics()

    def update(self, rows: Rows) -> None:
        self.rows += len(rows.batch)
        for place, column in enumerate(self._columns.values()):
            column.update(rows, place)

    @property
    def first(self) -> str | None:
        """The earliest timestamp, as written in the rows."""
        return self._moments.first

    @property
    def last(self) -> str | None:
        """The latest timestamp, as written in the rows."""
        return self._moments.last

    def documents(self, keys: SeriesKeys | None = None) -> dict[str, Document]:
        """Statistics by column, ready for JSON; ``keys`` of all rows, if columns are counted from them."""
        made = {name: column.document() for name, column in self._columns.items()}
        if keys is not None:
            for place, name in enumerate(self._key):
                made[name] |= _counts(CountDistinct=keys.distinct(place))
        return made


class MomentStatistics:
    """Statistics of the timestamp column."""

    def __init__(self, stated: TimestampFormat) -> None:
        self.rows = 0
        self._bounds: tuple[int, int] | None = None  # first and last moment, in seconds since 1970
        self._stated, self._distinct = stated, DistinctCount()

    @property
    def first(self) -> str | None:
        return None if self._bounds is None else moment_text(self._bounds[0], self._stated)

    @property
    def last(self) -> str | None:
        return None if self._bounds is None else moment_text(self._bounds[1], self._stated)

    def update(self, rows: Rows, place: int) -> None:  # noqa: ARG002  # there is only one such column
        if len(rows.seconds) == 0:
            return
        self.rows += len(rows.seconds)
        first, last = int(rows.seconds.min()), int(rows.seconds.max())
        known = self._bounds or (first, last)
        self._bounds = min(known[0], first), max(known[1], last)
        self._distinct.add(hashes_of_numbers(rows.seconds))

    def document(self) -> Document:
        made = _counts(Count=self.rows, CountDistinct=self._distinct.count, CountNull=0)
        if self.first is not None and self.last is not None:
            made |= {"Min": self.first, "Max": self.last}
        return made


class TextStatistics:
    """Statistics of a text column."""

    def __init__(self, *, counted: bool) -> None:
        self._rows = self._missing = 0
        self._distinct = DistinctCount() if counted else None

    def update(self, rows: Rows, place: int) -> None:
        cells = rows.batch.column(place)
        self._rows += len(cells)
        self._missing += cells.null_count
        if self._distinct is not None:
            self._distinct.add(hashes_of_texts(cells.drop_null().unique().to_pylist()))

    def document(self) -> Document:
        distinct = self._distinct.count if self._distinct is not None else 0
        return _counts(Count=self._rows, CountDistinct=distinct, CountNull=self._missing)


class NumberStatistics:
    """Statistics of a number column; mean and variance are merged batch by batch.

    Source: Chan, Golub and LeVeque (1979), Updating Formulae and a Pairwise Algorithm for Computing Sample
    Variances.
    """

    def __init__(self) -> None:
        self._rows = self._missing = self._nan = self._numbers = 0
        self._mean = self._squares = 0.0  # sum of squared distances to the mean
        self._least: Any = None
        self._most: Any = None
        self._distinct = DistinctCount()

    def update(self, rows: Rows, place: int) -> None:
        cells = rows.batch.column(place)
        self._rows += len(cells)
        self._missing += cells.null_count
        present = cells.drop_null()
        if pa.types.is_floating(cells.type):
            numeric = present.filter(pc.invert(pc.is_nan(present)))
            self._nan += len(present) - len(numeric)
            present = numeric
        if len(present) == 0:
            return
        bounds = pc.min_max(present).as_py()
        self._least = bounds["min"] if self._least is None else min(self._least, bounds["min"])
        self._most = bounds["max"] if self._most is None else max(self._most, bounds["max"])
        values = present.to_numpy()
        # Adding 0 turns -0.0 into 0.0, which is equal but has different bits.
        self._distinct.add(hashes_of_numbers((values + 0).view(np.int64)))
        with np.errstate(
            over="ignore", invalid="ignore"
        ):  # huge numbers: a variance that is not finite is omitted
            self._merge(values.astype(np.float64))

    def _merge(self, values: NDArray[np.float64]) -> None:
        count, mean = len(values), float(values.mean())
        total, apart = self._numbers + count, mean - self._mean
        self._squares += float(np.square(values - mean).sum()) + apart * apart * self._numbers * count / total
        self._mean += apart * count / total
        self._numbers = total

    def document(self) -> Document:
        made = _counts(
            Count=self._rows, CountDistinct=self._distinct.count, CountNull=self._missing, CountNan=self._nan
        )
        if self._numbers:
            made |= {"Min": str(self._least), "Max": str(self._most)}
            spread = math.sqrt(self._squares / (self._numbers - 1)) if self._numbers > 1 else 0.0
            # JSON has no infinity.
            made |= {n: v for n, v in (("Avg", self._mean), ("Stddev", spread)) if math.isfinite(v)}
        return made


def _counts(**counts: int) -> Document:
    """Counts under the service's names.

    >>> _counts(Count=3_000_000_000)
    {'Count': -1, 'CountLong': 3000000000}
    """
    made: Document = {}
    for name, count in counts.items():
        if count <= LARGEST_INTEGER:
            made[name] = count
        else:
            made |= {name: -1, f"{name}Long": count}
    return made
