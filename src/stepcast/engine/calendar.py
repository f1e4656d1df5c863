"""Where a moment falls on a frequency's grid: moments to period numbers and back.

Periods are numbered from a fixed calendar anchor, so the grid never depends on the data: minutes, hours and
days from 1970-01-01T00:00, weeks from Monday 1970-01-05, months and years from January 1970. ``2W`` or ``3M``
group those in order, so ``3M`` is the calendar quarter. The boundaries are Amazon Forecast's defaults. Days
from Monday to Friday are numbered from Thursday 1970-01-01; a weekend belongs to the Friday before it.
"""

import numpy as np
from numpy.typing import NDArray

from stepcast.engine.frequency import SECONDS, Frequency

__all__ = ["moment_of", "period_of"]

Moments = NDArray[np.datetime64]
Periods = NDArray[np.int64]

DAYS_TO_MONDAY, WORKING_DAYS_TO_MONDAY = 4, 2
FIRST_MONDAY = DAYS_TO_MONDAY * SECONDS["D"]  # 1970-01-05, in seconds


def period_of(moments: Moments, frequency: Frequency) -> Periods:
    """The number of the period that each moment falls in.

    >>> period_of(np.array(["1970-01-11", "1970-01-12"], "datetime64[s]"), Frequency.parse("W"))
    array([0, 1])
    """
    if frequency.unit in ("M", "Y"):
        units = moments.astype(f"datetime64[{frequency.unit}]").astype(np.int64)
        return units // frequency.count
    if frequency.unit == "B":
        days = moments.astype("datetime64[D]").astype(np.int64) - DAYS_TO_MONDAY
        return (days // 7 * 5 + np.minimum(days % 7, 4) + WORKING_DAYS_TO_MONDAY) // frequency.count
    seconds = moments.astype("datetime64[s]").astype(np.int64)
    anchor = FIRST_MONDAY if frequency.unit == "W" else 0
    return (seconds - anchor) // frequency.seconds


def moment_of(periods: Periods, frequency: Frequency) -> Moments:
    """The first moment of each period, as datetime64[s].

    >>> moment_of(np.array([1]), Frequency.parse("3M"))
    array(['1970-04-01T00:00:00'], dtype='datetime64[s]')
    """
    if frequency.unit in ("M", "Y"):
        return (periods * frequency.count).astype(f"datetime64[{frequency.unit}]").astype("datetime64[s]")
    if frequency.unit == "B":
        days = periods * frequency.count - WORKING_DAYS_TO_MONDAY
        return (days // 5 * 7 + days % 5 + DAYS_TO_MONDAY).astype("datetime64[D]").astype("datetime64[s]")
    anchor = FIRST_MONDAY if frequency.unit == "W" else 0
    return (periods * frequency.seconds + anchor).astype("datetime64[s]")
