"""What the calendar says of each period: its place in the hour, the day, the week, the month, the year."""

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.calendar import moment_of
from stepcast.engine.frequency import SECONDS, Frequency

__all__ = ["calendar_features"]

HARMONICS = 3  # sines and cosines of a cycle: so many


def calendar_features(periods: Integers, frequency: Frequency) -> Floats:
    """Columns (periods, features) between -1 and 1, the same for the same period on every machine.

    Cycles of at least two periods count: for hours the time of day, the day of the week, of the year.

    >>> calendar_features(np.arange(4), Frequency.parse("3M")).shape  # the quarter of the year
    (4, 6)
    """
    moments = moment_of(periods, frequency)
    seconds = moments.astype(np.int64)
    days = moments.astype("datetime64[D]")
    columns: list[Floats] = []
    if frequency.seconds < SECONDS["H"]:
        columns += _waves(seconds % 3600 / 3600)
    if frequency.has_time_of_day:
        columns += _waves(seconds % 86_400 / 86_400)
    if frequency.seconds < SECONDS["W"]:
        weekday = (days.astype(np.int64) + 3) % 7
        columns += [(weekday == day).astype(np.float64) for day in range(7)]
    if frequency.seconds < SECONDS["Y"]:
        months = moments.astype("datetime64[M]")
        year = moments.astype("datetime64[Y]")
        if frequency.months:
            columns += _waves((months.astype(np.int64) % 12) / 12)
        else:
            if frequency.seconds <= SECONDS["W"]:
                columns += _waves((days - months.astype("datetime64[D]")).astype(np.int64) / 31)[:2]
            columns += _waves((days - year.astype("datetime64[D]")).astype(np.int64) / 365.25)
    return np.stack(columns, axis=1) if columns else np.empty((len(periods), 0))


def _waves(share: Floats) -> list[Floats]:
    """Sines and cosines of the ``share`` of a cycle that has passed."""
    turns = 2 * np.pi * share
    return [wave(number * turns) for number in range(1, HARMONICS + 1) for wave in (np.sin, np.cos)]
