"""The distance between the rows of a series: that of the periods of a frequency, or less."""

import numpy as np
from numpy.typing import NDArray

from stepcast.engine.arrays import Integers
from stepcast.engine.frequency import Frequency

__all__ = ["Rhythm"]


LOOKED_AT = 1_000_000  # rows, from the start
MOST_STEPS = 10_000  # that are distinguished
SLACK = 1 / 6  # of a period: 28 and 35 days are a month, five days and nine are a week
STEADY = 0.6  # of the steps


class Rhythm:
    """Collects rows in the order of the files, and the steps between successive timestamps of a series.

    ``several``  whether a series has rows with equal timestamps and different values, like orders.
    """

    def __init__(self) -> None:
        self.several = False
        self._left = LOOKED_AT
        self._steps: dict[int, int] = {}
        self._latest = np.empty(0, np.int64)  # stamp by series

    def add(self, series: Integers, seconds: Integers, values: NDArray[np.float64]) -> None:
        """Numbers of the series, moments in seconds since 1970, and values."""
        series, seconds, values = series[: self._left], seconds[: self._left], values[: self._left]
        self._left -= len(series)
        if not len(series):
            return
        order = np.lexsort([seconds, series])
        series, seconds, values = series[order], seconds[order], values[order]
        again = (series[1:] == series[:-1]) & (seconds[1:] == seconds[:-1])
        self.several |= bool((values[1:] != values[:-1])[again].any())
        first = np.flatnonzero(np.append(True, series[1:] != series[:-1]))
        last = np.append(first[1:], len(series)) - 1
        before = np.append(0, seconds[:-1])
        self._grow(int(series[-1]) + 1)
        before[first] = self._latest[series[first]]
        self._latest[series[last]] = np.maximum(self._latest[series[last]], seconds[last])
        steps = seconds - before
        # A series' first row has no step; equal timestamps and steps back in time do not count.
        for step, rows in zip(
            *map(np.ndarray.tolist, np.unique(steps[(steps > 0) & (before > NEVER)], return_counts=True)),
            strict=True,
        ):
            if step in self._steps or len(self._steps) < MOST_STEPS:
                self._steps[step] = self._steps.get(step, 0) + rows

    @property
    def step(self) -> int | None:
        """The step of most rows, in seconds; None if there is no such step."""
        if not self._steps:
            return None
        step = max(self._steps, key=self._steps.__getitem__)
        return step if self._steps[step] >= STEADY * sum(self._steps.values()) else None

    def keeps(self, frequency: Frequency) -> bool:
        """Whether most steps are one or several full periods: then rows are not more frequent."""
        steps = np.array(list(self._steps), float) / frequency.seconds
        rows = np.array(list(self._steps.values()), float)
        whole = (np.abs(steps - np.round(steps)) <= SLACK) & (np.round(steps) > 0)
        return bool(rows[whole].sum() >= STEADY * rows.sum() > 0)

    def _grow(self, size: int) -> None:
        if size > len(self._latest):
            more = max(size, 2 * len(self._latest)) - len(self._latest)
            self._latest = np.append(self._latest, np.full(more, NEVER))


NEVER = np.iinfo(np.int64).min
