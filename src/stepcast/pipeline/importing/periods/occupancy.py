"""The number of rows per period over all series: where the data are in time, and which rows are far apart."""

from dataclasses import dataclass

import numpy as np

from stepcast.engine.arrays import Integers

__all__ = ["Apart", "Occupancy"]


MOST_BUCKETS = 65_536
FEW = 0.05  # of the rows may be distant, if they are far relative to the gaps in the data
SOME = 0.3  # of the rows may be distant, if they are far relative to the length of the data
FAR = 3  # times the largest other gap, or the length of the data
NOTICEABLE = 0.1  # of the length of the data; or else
VERY_FAR = 90  # times the largest other gap
FEWEST = 10  # rows: with fewer, none is distant unless it is
UNDOUBTED = 10  # times the length of the data away


@dataclass(frozen=True)
class Apart:
    """Rows far from all others: ``rows`` is their number; they are at period ``edge`` and beyond.

    ``gap``   approximate periods from them to the others: limited by the bucket size, if the data span more
              periods than there are buckets.
    ``late``  whether they are after the others.
    """

    rows: int
    edge: int
    gap: int
    late: bool


class Occupancy:
    """Counts rows in equal buckets of periods, whose number is bounded to limit memory."""

    def __init__(self) -> None:
        self._width, self._low = 1, 0
        self._counts = np.zeros(0, np.int64)

    def add(self, periods: Integers) -> None:
        low, high = int(periods.min()), int(periods.max())
        if not len(self._counts):
            self._low, self._counts = low // self._width, np.zeros(1, np.int64)
        while True:
            first = min(low // self._width, self._low)
            last = max(high // self._width, self._low + len(self._counts) - 1)
            if last - first < MOST_BUCKETS:
                break
            self._widen()
        self._counts = np.pad(self._counts, (self._low - first, last - self._low - len(self._counts) + 1))
        self._low = first
        self._counts += np.bincount(periods // self._width - first, minlength=len(self._counts))

    def _widen(self) -> None:
        odd = self._low % 2
        counts = np.pad(self._counts, (odd, (odd + len(self._counts)) % 2))
        self._width, self._low = 2 * self._width, self._low // 2
        self._counts = counts.reshape(-1, 2).sum(axis=1)

    def apart(self, horizon: int) -> list[Apart]:
        """Few rows far before or after all others, further than the horizon."""
        places = np.flatnonzero(self._counts)
        rows = self._counts[places]
        found = []
        after = _edge(places, rows, horizon // self._width)
        if after is not None:
            edge = (self._low + int(places[after])) * self._width
            gap = int(places[after] - places[after - 1]) * self._width
            found.append(Apart(int(rows[after:].sum()), edge, gap, late=True))
        before = _edge(-places[::-1], rows[::-1], horizon // self._width)
        if before is not None:
            before = len(places) - 1 - before
            edge = (self._low + int(places[before]) + 1) * self._width - 1
            gap = int(places[before + 1] - places[before]) * self._width
            found.append(Apart(int(rows[: before + 1].sum()), edge, gap, late=False))
        return found


def _edge(places: Integers, rows: Integers, horizon: int) -> int | None:
    """The first of the ascending ``places`` that, with all after it, is far from the others."""
    gaps = np.diff(places)
    if not len(gaps):
        return None
    total = rows.sum()
    beyond = total - np.cumsum(rows)[:-1]
    spans = places[:-1] - places[0] + 1
    largest = np.maximum.accumulate(np.append(1, gaps))[:-1]
    far = (gaps > FAR * largest) & ((gaps > NOTICEABLE * spans) | (gaps > VERY_FAR * largest))
    few = (beyond <= max(1, FEW * total)) & far
    some = (beyond <= SOME * total) & (gaps > FAR * spans)
    doubtful = (total < FEWEST) & (gaps <= UNDOUBTED * spans)
    found = np.flatnonzero((few | some) & ~doubtful & (gaps > horizon))
    return int(found[0]) + 1 if len(found) else None
