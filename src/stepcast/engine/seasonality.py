"""How many periods make a season, and where in it a period lies.

One table for every model and for MASE. Below a day the season is the day, from days to a week it is the week,
from weeks on it is the year; it is the shortest whole number of periods after which the calendar repeats:

    unit   count 1    others
    min    1440       15min 96, 30min 48, 5min 288, 10min 144; 7min 1440 (a week: a day holds no whole number)
    H      24         2H 12, 3H 8, 6H 4, 12H 2; 5H 24 (five days)
    D      7          2D to 6D 7 (as many weeks as days)
    W      52         2W 26, 3W 17, 4W 13 (the nearest whole number: a year has no whole number of weeks)
    M      12         2M 6, 3M 4, 4M 3, 6M 2; 5M 12 (five years)
    Y      1
    s      60       10s 360, 30s 120 (the hour; the minute where the hour has more than 1440 periods)
    B      5

A frequency that has a season of its own has that one only.

The service's own table stops at patterns within an hour for minutes (15min 4, 1min 60), so it misses the day.
"""

from math import gcd

import numpy as np

from stepcast.engine.arrays import Integers
from stepcast.engine.calendar import moment_of
from stepcast.engine.frequency import Frequency

__all__ = ["phase_of", "season_length", "usable_season", "week_length"]


# Periods of one unit in the calendar cycle that the unit lives in: the day, the week or the year.
CYCLE = {"s": 3600, "min": 1440, "H": 24, "D": 7, "B": 5, "W": 52, "M": 12, "Y": 1}
# Seconds have an hour of at most as many periods as minutes have a day of.
LONGEST_HOUR, MINUTE = 1440, 60


def season_length(frequency: Frequency) -> int:
    """The number of periods in a season of ``frequency``; 1 where there is none.

    >>> [season_length(Frequency.parse(text)) for text in ("15min", "H", "D", "W", "3M", "Y")]
    [96, 24, 7, 52, 4, 1]
    """
    if frequency.season is not None:
        return frequency.season
    cycle = CYCLE[frequency.unit]
    if frequency.unit == "W":
        return round(cycle / frequency.count)
    if frequency.unit == "s":
        cycle = _second_cycle(frequency)
    return cycle // gcd(cycle, frequency.count)


def usable_season(frequency: Frequency, length: int) -> int:
    """``season_length``, or 1 where ``length`` periods of history hold less than two seasons.

    >>> usable_season(Frequency.parse("M"), 24), usable_season(Frequency.parse("M"), 23)
    (12, 1)
    """
    season = season_length(frequency)
    return season if length >= 2 * season else 1


def week_length(frequency: Frequency) -> int:
    """Periods in a week, the longer season of hours and minutes; 0 where a day is no whole number of periods,
    or where the season is not the calendar's.

    >>> [week_length(Frequency.parse(text)) for text in ("15min", "H", "5H", "D")]
    [672, 168, 0, 0]
    """
    whole_days = frequency.unit in ("min", "H") and CYCLE[frequency.unit] % frequency.count == 0
    return 7 * season_length(frequency) if whole_days and frequency.season is None else 0


def phase_of(periods: Integers, frequency: Frequency) -> Integers:
    """Where in its season each period lies, by the calendar: equal numbers are comparable times.

    Seconds: the second of the hour or the minute. Minutes and hours: the time of day in seconds. Days: the
    day of the week. Weeks: the week of the year, 0 to 52. Months: the month of the year. Years: all alike.
    A season of its own: the period of it.

    >>> phase_of(np.array([0, 1, 24]), Frequency.parse("H"))
    array([   0, 3600,    0])
    """
    if frequency.season is not None:
        return periods % frequency.season
    seconds = moment_of(periods, frequency).astype(np.int64)
    if frequency.unit == "s":
        return seconds % _second_cycle(frequency)
    if frequency.unit in ("min", "H"):
        return seconds % 86_400
    days = seconds // 86_400
    if frequency.unit in ("D", "B"):
        return days % 7
    if frequency.unit == "W":
        years = days.astype("datetime64[D]").astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)
        return (days - years) // 7
    if frequency.unit == "M":
        return (periods * frequency.count) % 12
    return np.zeros_like(periods)


def _second_cycle(frequency: Frequency) -> int:
    """Seconds in the cycle that a frequency in seconds lives in."""
    hour = CYCLE["s"]
    return hour if hour // gcd(hour, frequency.count) <= LONGEST_HOUR else MINUTE
