"""The last observed values of each item, to fill gaps with and to bring a new predictor up to date."""

import struct
from collections.abc import Callable

import numpy as np

from stepcast.engine.arrays import Floats, Integers

__all__ = ["KEPT", "Recent"]

KEPT = 64  # as many as the import uses to fill a gap
COUNT = struct.Struct("<q")
STATISTICS: dict[str, Callable[..., Floats]] = {
    "mean": np.nanmean,
    "median": np.nanmedian,
    "min": np.nanmin,
    "max": np.nanmax,
}


class Recent:
    """For each item, the last ``KEPT`` closed periods in which it was observed, and their values."""

    def __init__(self) -> None:
        self._counts = np.zeros(0, np.int64)
        self._periods = np.zeros((0, KEPT), np.int64)
        self._values = np.zeros((0, KEPT))

    def grow(self, size: int) -> None:
        """Make room for ``size`` items."""
        if size > len(self._counts):
            more = max(size, 2 * len(self._counts)) - len(self._counts)
            self._counts = np.concatenate([self._counts, np.zeros(more, np.int64)])
            self._periods = np.concatenate([self._periods, np.zeros((more, KEPT), np.int64)])
            self._values = np.concatenate([self._values, np.zeros((more, KEPT))])

    def add(self, slots: Integers, period: int, values: Floats) -> None:
        places = self._counts[slots] % KEPT
        self._periods[slots, places], self._values[slots, places] = period, values
        self._counts[slots] += 1

    def of(self, slot: int) -> tuple[Integers, Floats]:
        """Periods and values, oldest first."""
        count = int(self._counts[slot])
        order = np.arange(count - min(count, KEPT), count) % KEPT
        return self._periods[slot, order], self._values[slot, order]

    def statistic(self, method: str, slots: Integers) -> Floats:
        """The mean, median, min or max of each item's values; nan where it has none."""
        present = np.arange(KEPT) < np.minimum(self._counts[slots], KEPT)[:, None]
        values = np.where(present, self._values[slots], np.nan)
        found = np.full(len(slots), np.nan)
        some = present.any(axis=1)
        # Sorted, so that a sum does not depend on where the ring buffer begins.
        found[some] = STATISTICS[method](np.sort(values[some], axis=1), axis=1)
        return found

    def to_bytes(self, slot: int) -> bytes:
        periods, values = self.of(slot)
        return COUNT.pack(len(periods)) + periods.tobytes() + values.tobytes()

    def put(self, slot: int, data: bytes) -> int:
        """Restore ``slot`` from ``to_bytes``; returns how many bytes of ``data`` were read."""
        count = int(COUNT.unpack_from(data)[0])
        self.grow(slot + 1)
        self._counts[slot] = count
        self._periods[slot, :count] = np.frombuffer(data, np.int64, count, COUNT.size)
        self._values[slot, :count] = np.frombuffer(data, np.float64, count, COUNT.size + 8 * count)
        return COUNT.size + 16 * count
