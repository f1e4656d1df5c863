"""Entries on their way from files to shards, kept on disk so that memory does not grow with the data."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from stepcast.engine.arrays import Integers
from stepcast.pipeline.importing.entries.aggregate import Entries

__all__ = ["Spill"]

AT_ONCE = 20_000_000  # bytes of entries in memory while they are divided
PARTITION = 40_000_000  # bytes of a partition, about: what is sorted in memory
MOST_PARTITIONS = 200  # files that are open together
NEVER = -(2**62)  # before any period


class Spill:
    """Collects combined entries in the order of the files; returns them by partitions of series.

    Also records the first period and number of entries of each series, and the last period of all series.
    """

    def __init__(self, folder: Path, combine: Callable[[Entries], Entries]) -> None:
        """``combine`` sorts entries by series, then period; it may merge entries of one period."""
        self.end = NEVER
        self._folder, self._combine = folder, combine
        self._first, self._counts = np.empty(0, np.int64), np.zeros(0, np.int64)
        self._dtype: np.dtype[np.void] | None = None

    def append(self, given: Entries) -> None:
        """Keep entries, in any order; rows of one series and period are combined first."""
        if len(given) == 0:
            return
        given = self._combine(given)
        self._dtype = given.dtype
        series, period = given["series"], given["period"]
        starts = np.flatnonzero(np.append(True, series[1:] != series[:-1]))
        present = series[starts]
        self._grow(int(present[-1]) + 1)
        self._first[present] = np.minimum(self._first[present], period[starts])
        self._counts[present] += np.diff(np.append(starts, len(given)))
        self.end = max(self.end, int(period.max()))
        with self._all.open("ab") as file:
            file.write(given.tobytes())

    def forget_after(self, end: int) -> None:
        """Drop everything after period ``end``, which becomes the last one."""
        self.end = end
        self._counts[self._first > end] = 0

    def extents(self, series: int) -> tuple[Integers, Integers]:
        """First period and number of entries of series 0 to ``series`` - 1; some may have none."""
        self._grow(series)
        return self._first[:series], self._counts[:series]

    def partitions(self, order: Integers, starts: Integers) -> Iterator[tuple[range, Entries]]:
        """Combined entries for consecutive shards at a time, with the range of those shards.

        ``order``   the series (those with entries) in their final order, which gives their new
                    numbers.
        ``starts``  where each shard begins in ``order``.
        """
        shard_sizes = np.add.reduceat(self._counts[order], starts)
        assert self._dtype is not None  # noqa: S101  # there are entries, because their series are requested
        groups = _groups(shard_sizes, PARTITION // self._dtype.itemsize)
        group_of_shard = np.searchsorted(groups, np.arange(len(starts)), side="right") - 1
        rank = np.zeros(len(self._counts), np.int64)
        rank[order] = np.arange(len(order))
        group_of_rank = np.repeat(group_of_shard, np.diff(np.append(starts, len(order))))
        self._divide(rank, group_of_rank, len(groups))
        for group, begin in enumerate(groups):
            stop = groups[group + 1] if group + 1 < len(groups) else len(starts)
            path = self._part(group)
            found = np.fromfile(path, self._dtype)
            path.unlink()
            yield range(int(begin), int(stop)), self._combine(found)

    def _divide(self, rank: Integers, group_of_rank: Integers, groups: int) -> None:
        """Write every entry to its group's file, with the new number of its series, in the same order."""
        assert self._dtype is not None  # noqa: S101  # there are entries, because their series are requested
        at_once = AT_ONCE // self._dtype.itemsize
        files = [self._part(group).open("wb") for group in range(groups)]
        try:
            with self._all.open("rb") as whole:
                while len(found := np.fromfile(whole, self._dtype, at_once)):
                    found = found[found["period"] <= self.end]
                    found["series"] = rank[found["series"]]
                    group = group_of_rank[found["series"]]
                    ordered = np.argsort(group, kind="stable")
                    bounds = np.searchsorted(group[ordered], np.arange(groups + 1))
                    for file, begin, stop in zip(files, bounds[:-1], bounds[1:], strict=True):
                        file.write(found[ordered[begin:stop]].tobytes())
        finally:
            for file in files:
                file.close()
        self._all.unlink()

    def _grow(self, size: int) -> None:
        if size > len(self._first):
            more = max(size, 2 * len(self._first)) - len(self._first)
            self._first = np.append(self._first, np.full(more, np.iinfo(np.int64).max))
            self._counts = np.append(self._counts, np.zeros(more, np.int64))

    @property
    def _all(self) -> Path:
        return self._folder / "entries"

    def _part(self, group: int) -> Path:
        return self._folder / f"entries-{group}"


def _groups(sizes: Integers, entries: int) -> Integers:
    """Where each group of shards begins, about ``entries`` each, given how many entries the shards have."""
    most = max(entries, int(sizes.sum()) // MOST_PARTITIONS + 1)
    starts, ends = [0], np.cumsum(sizes)
    while starts[-1] < len(sizes):
        done = int(ends[starts[-1] - 1]) if starts[-1] else 0
        starts.append(max(int(np.searchsorted(ends, done + most, side="right")), starts[-1] + 1))
    return np.array(starts[:-1], np.int64)
