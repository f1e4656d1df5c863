"""Several rows of one item in one period where one is expected, counted exactly in bounded memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stepcast.engine.arrays import Integers
from stepcast.engine.calendar import period_of
from stepcast.engine.frequency import Frequency
from stepcast.pipeline.importing.columns.distinct import hashes_of_numbers, hashes_of_texts

__all__ = ["Doubled", "DoubledRows"]

Hashes = NDArray[np.uint64]

ROWS_AT_ONCE = 2_000_000  # in memory, 16 bytes each
MOST_PARTS = 64  # files that are open together
SHOWN = 200  # of each kind: the first of these is looked up
RECORD = np.dtype([("period", "<u8"), ("row", "<u8")])


@dataclass
class Doubled:
    """The counts.

    ``repeated``   rows identical to another one in item, dimensions, timestamp and value.
    ``differing``  periods whose rows have several timestamps or values.
    ``rows``       beyond the first of their period, of both kinds.
    ``exact``, ``other``  fingerprints of some of these rows, and of some of these periods.
    """

    repeated: int = 0
    differing: int = 0
    rows: int = 0
    exact: Hashes = field(default_factory=lambda: np.empty(0, np.uint64))
    other: Hashes = field(default_factory=lambda: np.empty(0, np.uint64))


class DoubledRows:
    """Collects rows and keeps two 64-bit fingerprints of each: of its period, and of the entire row.

    ``frequency`` is that of the data. Memory is bounded: beyond 2 million rows, they are kept in ``folder``.
    """

    def __init__(self, frequency: Frequency, folder: Path) -> None:
        self.rows = 0
        self._frequency, self._folder = frequency, folder
        self._waiting: list[NDArray[np.void]] = []

    def add(
        self, series: Integers, dimensions: Sequence[pa.Array], seconds: Integers, values: NDArray[np.float64]
    ) -> None:
        """``dimensions`` are the columns that distinguish rows but not series."""
        made = self.fingerprints(series, dimensions, seconds, values)
        self.rows += len(made)
        self._waiting.append(made)
        if sum(map(len, self._waiting)) >= ROWS_AT_ONCE:
            self._store()

    def fingerprints(
        self, series: Integers, dimensions: Sequence[pa.Array], seconds: Integers, values: NDArray[np.float64]
    ) -> NDArray[np.void]:
        """``period`` of each row's item, dimensions and period; ``row`` of item, dimensions, stamp, value."""
        made = np.empty(len(series), RECORD)
        key = self._keys(series, dimensions)
        made["period"] = _mixed(key, period_of(seconds.view("datetime64[s]"), self._frequency))
        made["row"] = _mixed(_mixed(key, seconds), (values + 0.0).view(np.int64))  # -0.0 is 0.0
        return made

    def count(self) -> Doubled:
        """Counts over all rows, which are then discarded."""
        found = Doubled()
        for part in self._parts():
            _count(part, found)
        return found

    def _keys(self, series: Integers, dimensions: Sequence[pa.Array]) -> Hashes:
        key = hashes_of_numbers(series)
        for column in dimensions:
            coded = column.fill_null("").dictionary_encode()
            texts = hashes_of_texts(coded.dictionary.to_pylist())
            key = _mixed(key, texts[coded.indices.to_numpy()].view(np.int64))
        return key

    def _parts(self) -> Iterator[NDArray[np.void]]:
        """All records, divided by their periods' fingerprints."""
        if not self._all.exists():
            yield np.concatenate([np.empty(0, RECORD), *self._waiting])
            self._waiting = []
            return
        self._store()
        parts = min(-(-self.rows // ROWS_AT_ONCE), MOST_PARTS)
        width = np.uint64(2**64 // parts + 1)
        paths = [self._folder / f"doubled-{number}" for number in range(parts)]
        files = [path.open("wb") for path in paths]
        try:
            with self._all.open("rb") as whole:
                while len(found := np.fromfile(whole, RECORD, ROWS_AT_ONCE)):
                    place = (found["period"] // width).astype(np.int64)
                    for number, file in enumerate(files):
                        file.write(found[place == number].tobytes())
        finally:
            for file in files:
                file.close()
        self._all.unlink()
        for path in paths:
            part = np.fromfile(path, RECORD)
            path.unlink()
            yield part

    def _store(self) -> None:
        with self._all.open("ab") as file:
            for records in self._waiting:
                file.write(records.tobytes())
        self._waiting = []

    @property
    def _all(self) -> Path:
        return self._folder / "doubled"


def _mixed(key: Hashes, numbers: Integers) -> Hashes:
    return hashes_of_numbers(key.view(np.int64) ^ numbers)


def _count(part: NDArray[np.void], found: Doubled) -> None:
    """Add the counts of one part of the rows; all rows of a period are in one part."""
    periods = np.sort(part["period"])
    twice = np.unique(periods[1:][periods[1:] == periods[:-1]])
    if not len(twice):
        return
    place = np.minimum(np.searchsorted(twice, part["period"]), len(twice) - 1)
    doubled = np.flatnonzero(twice[place] == part["period"])
    period, row = place[doubled], part["row"][doubled]
    order = np.lexsort([row, period])
    period, row = period[order], row[order]
    same_period = period[1:] == period[:-1]
    same_row = same_period & (row[1:] == row[:-1])
    found.repeated += int(same_row.sum())
    differing = np.unique(period[1:][same_period & ~same_row])
    found.differing += len(differing)
    found.rows += int(same_period.sum())
    found.exact = np.sort(np.append(found.exact, np.unique(row[1:][same_row])))[:SHOWN]
    found.other = np.sort(np.append(found.other, twice[differing]))[:SHOWN]
