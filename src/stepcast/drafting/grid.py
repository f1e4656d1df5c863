"""The frequency of rows: the coarsest one whose grid contains nearly all timestamps."""

from collections.abc import Sequence
from datetime import datetime
from math import gcd

import numpy as np

from stepcast.engine.arrays import Integers
from stepcast.engine.frequency import Frequency

__all__ = ["frequency_of_stamps"]

MOSTLY = 0.97  # of the steps: a clock change, a late reading or a typing error may be off the grid
REGULAR = 0.2  # of the steps are one period long in regular data; otherwise, rows are single events
LEAST = 0.02  # of the steps: rarer lengths are ignored
MINUTE, HOUR, DAY = 60, 3_600, 86_400


def frequency_of_stamps(stamps: Sequence[datetime]) -> Frequency | None:
    """The frequency of the rows of several series; None with fewer than two distinct timestamps.

    Timestamps on no grid, such as those of single events, are daily.

    >>> str(frequency_of_stamps([datetime(2024, 1, 31), datetime(2024, 2, 29), datetime(2024, 3, 31)]))
    'M'
    >>> str(frequency_of_stamps([datetime(2024, 1, day) for day in (1, 2, 3, 4, 5, 8, 9)]))
    'D'
    """
    moments = np.unique(np.array(stamps, "datetime64[s]"))
    if len(moments) < 2:
        return None
    if months := _months(moments):
        return Frequency(1, "Y") if months == 12 else Frequency(months, "M")
    seconds = _step(np.diff(moments).astype(np.int64))
    for unit, length, most in (("D", DAY, 6), ("H", HOUR, 23), ("min", MINUTE, 59)):
        if seconds % length == 0:
            count = seconds // length
            if unit == "D" and count % 7 == 0:
                weeks = count // 7
                return Frequency(weeks if weeks <= 4 else 1, "W")
            return Frequency(count if count <= most else 1, unit)
    return Frequency(1, "D")


def _months(moments: Integers) -> int:
    """Months between timestamps, if all have the same day, or the first or last except for weekends.

    0 if they do not, or if several are in one month.
    """
    days = moments.astype("datetime64[D]").astype(np.int64)
    months = moments.astype("datetime64[M]").astype(np.int64)
    begins = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    ends = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    from_begin, from_end = days - begins, ends - 1 - days
    same = len(np.unique(from_begin)) == 1 or len(np.unique(from_end)) == 1
    working = from_end.max() <= 3 or from_begin.max() <= 3
    steps = np.diff(months)
    if not (same or working) or len(steps) == 0 or steps.min() < 1:
        return 0
    together = gcd(*steps.tolist())
    return 12 if together % 12 == 0 else together if together < 12 else 1


def _step(steps: Integers) -> int:
    """The largest step, in seconds, of which nearly all steps are multiples."""
    lengths, counts = np.unique(steps, return_counts=True)
    usual = lengths[counts >= max(LEAST * len(steps), 1)]
    candidates = {int(length) for length in usual} | {gcd(*usual.tolist())}
    candidates |= {gcd(int(one), int(other)) for one in usual[:20] for other in usual[:20]}
    for step in sorted(candidates - {0}, reverse=True):
        if counts[lengths % step == 0].sum() >= MOSTLY * len(steps):
            regular = step >= DAY or counts[lengths == step].sum() >= REGULAR * len(steps)
            return step if regular else DAY
    return DAY
