"""Where a moment falls on a frequency's grid: moments to period numbers and back.

Periods are numbered from a fixed calendar anchor, so the grid never depends on the data: minutes, hours and
days from 1970-01-01T00:00, weeks from Monday 1970-01-05, months and years from January 1970. ``2W`` or ``3M``
group those in order, so ``3M`` is the calendar quarter. The boundaries are Amazon Forecast's defaults, moved
by the frequency's ``boundary``. Days from Monday to Friday are numbered from Thursday 1970-01-01; a weekend
belongs to the Friday before it.
"""

import numpy as np
from numpy.typing import NDArray

from stepcast.engine.arrays import Moments
from stepcast.engine.frequency import SECONDS, Frequency, Stamp

__all__ = ["moment_of", "period_of", "stamp_of"]

Periods = NDArray[np.int64]

DAYS_TO_MONDAY, WORKING_DAYS_TO_MONDAY = 4, 2
FIRST_MONDAY = DAYS_TO_MONDAY * SECONDS["D"]  # 1970-01-05, in seconds
DAYS_TO_SATURDAY = 5  # from Monday


def period_of(moments: Moments, frequency: Frequency) -> Periods:
    """The number of the period that each moment falls in.

    >>> period_of(np.array(["1970-01-11", "1970-01-12"], "datetime64[s]"), Frequency.parse("W"))
    array([0, 1])
    """
    if frequency.unit == "B":
        days = moments.astype("datetime64[D]").astype(np.int64) - DAYS_TO_MONDAY
        return (days // 7 * 5 + np.minimum(days % 7, 4) + WORKING_DAYS_TO_MONDAY) // frequency.count
    if frequency.months:
        later = frequency.boundary.days * SECONDS["D"] + frequency.boundary.seconds
        if later:
            moments = (moments.astype("datetime64[s]").astype(np.int64) - later).astype("datetime64[s]")
        months = moments.astype("datetime64[M]").astype(np.int64)
        return (months - frequency.boundary.months) // frequency.months
    return (moments.astype("datetime64[s]").astype(np.int64) - _first(frequency)) // frequency.seconds


def moment_of(periods: Periods, frequency: Frequency) -> Moments:
    """The first moment of each period, as datetime64[s].

    >>> moment_of(np.array([1]), Frequency.parse("3M"))
    array(['1970-04-01T00:00:00'], dtype='datetime64[s]')
    """
    if frequency.unit == "B":
        days = periods * frequency.count - WORKING_DAYS_TO_MONDAY
        return (days // 5 * 7 + days % 5 + DAYS_TO_MONDAY).astype("datetime64[D]").astype("datetime64[s]")
    if frequency.months:
        months = (periods * frequency.months + frequency.boundary.months).astype("datetime64[M]")
        later = frequency.boundary.days * SECONDS["D"] + frequency.boundary.seconds
        return (months.astype("datetime64[s]").astype(np.int64) + later).astype("datetime64[s]")
    return (periods * frequency.seconds + _first(frequency)).astype("datetime64[s]")


def stamp_of(periods: Periods, frequency: Frequency) -> Moments:
    """The moment that rows of each period are stamped with, as datetime64[s].

    >>> month_ends = Frequency(1, "M", stamp=Stamp(day=30))
    >>> stamp_of(np.array([0, 1]), month_ends).astype("datetime64[D]")
    array(['1970-01-31', '1970-02-28'], dtype='datetime64[D]')
    """
    stamp, begins = frequency.stamp, moment_of(periods, frequency)
    if stamp == Stamp():
        return begins
    if not frequency.months:
        return (begins.astype(np.int64) + stamp.seconds).astype("datetime64[s]")
    months = begins.astype("datetime64[M]").astype(np.int64) + stamp.months
    first, following = (
        m.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) for m in (months, months + 1)
    )
    days = np.minimum(first + stamp.day, following - 1)
    weekend = np.maximum((days - DAYS_TO_MONDAY) % 7 - DAYS_TO_SATURDAY, -1)  # 0 and 1, else -1
    if stamp.working == "before":
        days -= weekend + 1
    elif stamp.working == "after":
        days += (2 - weekend) % 3
    return (days * SECONDS["D"] + stamp.seconds).astype("datetime64[s]")


def _first(frequency: Frequency) -> int:
    """When period 0 of a unit of fixed length begins, in seconds since 1970."""
    boundary = frequency.boundary
    later = boundary.days * SECONDS["D"] + boundary.seconds
    return later + (FIRST_MONDAY if frequency.unit == "W" else 0)
