"""What the calendar alone does to a series: time of year, dates, nth weekdays, working days in a month.

Nothing is assumed about a country: a date or the fourth Thursday of a month has an effect where the years
agree on it, and none where they do not.
"""

from functools import lru_cache

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.auto.compiled import compiled
from stepcast.engine.auto.series.shrinkage import positive_part
from stepcast.engine.calendar import moment_of
from stepcast.engine.frequency import Frequency

__all__ = ["calendar_effects", "year_length"]


YEARS_NEEDED = 3
ROUNDS = 3  # of backfitting: each kind of effect is estimated on what the others leave
# An effect stays with the share 1 - caution / t**2 of itself, t its mean by its standard error; caution is
# this much, and the more the fewer times it was seen: of what wanders, two or three years agree by chance.
CAUTION, FEW_TIMES = 3.0, 4.0


def year_length(frequency: Frequency) -> int:
    """Periods in a year where effects of the calendar can be estimated (days, weeks, months), else 0."""
    if frequency.count > 1 or frequency.unit not in ("D", "W", "M"):
        return 0
    return {"D": 365, "W": 52, "M": 12}[frequency.unit]


def calendar_effects(
    values: Floats, end: int, frequency: Frequency, fitted: int, horizon: int
) -> Floats | None:
    """The effect of each period, the ``horizon`` ones after the last included: (time + horizon,).

    ``values`` (time,) ends at period ``end``; only the first ``fitted`` are learned from. None where there is
    no year, or fewer than three of them.
    """
    year = year_length(frequency)
    if not year or fitted < YEARS_NEEDED * year:
        return None
    size = len(values) + horizon
    keys, waves = _features(end + horizon, 1 << (size - 1).bit_length(), frequency)
    waves = waves[len(waves) - size :]
    begin, level = _level(values[:fitted], year)
    inside = slice(begin, begin + len(level))
    rest = values[inside] - level
    effect = np.zeros(size)
    basis = waves[inside]
    gram = basis.T @ basis
    gram[np.diag_indices(len(gram))] += 1.0
    for _ in range(ROUNDS if len(keys) > 1 else 1):
        _sweep(keys, begin, rest, effect)
        step = waves @ np.linalg.solve(gram, basis.T @ rest)
        effect += step
        rest -= step[inside]
    return effect


def _level(values: Floats, year: int) -> tuple[int, Floats]:
    """A centred mean over a year, and where it begins; unknown within half a year of both ends."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    mean = (total[year:] - total[:-year]) / year
    return year // 2, (mean[1:] + mean[:-1]) / 2 if year % 2 == 0 else mean


@compiled
def _sweep(keys, begin, rest, effect):  # type: ignore[no-untyped-def]
    """Move from ``rest`` (inside,) to ``effect`` (time,) what each of ``keys`` (keys, time or more) explains.

    That is the mean by key, shrunk toward zero by how little its own spread lets one trust it. The last of
    ``keys`` belong to ``effect``, of which ``rest`` begins at ``begin``.
    """
    size, inside = len(effect), len(rest)
    for row in range(len(keys)):
        key = keys[row, keys.shape[1] - size :]
        own = key[begin : begin + inside]
        groups = key.max() + 1
        count, mean, spread = np.zeros(groups), np.zeros(groups), np.zeros(groups)
        for place in range(inside):
            count[own[place]] += 1
            mean[own[place]] += rest[place]
        for group in range(groups):
            mean[group] /= max(count[group], 1)
        for place in range(inside):
            spread[own[place]] += (rest[place] - mean[own[place]]) ** 2
        typical = spread.sum() / max(inside - groups, inside / 4, 1)
        for group in range(groups):
            # few observations are little evidence of their spread: three of the typical one are mixed in
            variance = (spread[group] + 3 * typical) / (max(count[group] - 1, 0) + 3)
            certainty = mean[group] ** 2 * count[group] / max(variance, 1e-300)
            caution = CAUTION * (1 + (FEW_TIMES / max(count[group], 1)) ** 2)
            mean[group] *= positive_part(certainty, caution)
        for place in range(size):
            effect[place] += mean[key[place]]
        for place in range(inside):
            rest[place] -= mean[own[place]]


@lru_cache(maxsize=4)  # series of one panel end together
def _features(last: int, size: int, frequency: Frequency) -> tuple[Integers, Floats]:
    """Keys (keys, periods) and smooth waves (periods, waves) of ``size`` periods that end with ``last``."""
    periods = last - size + 1 + np.arange(size)
    moments = moment_of(periods, frequency)
    days = moments.astype("datetime64[D]").astype(np.int64)
    months = moments.astype("datetime64[M]").astype(np.int64)
    years = moments.astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)
    day_of_year = days - years
    month = months % 12
    if frequency.unit == "M":
        following = moment_of(periods + 1, frequency).astype("datetime64[D]").astype(np.int64)
        length = following - days
        first = (days + 3) % 7  # Monday is 0
        # how many of each weekday beyond four, centred; together they are the length of the month
        extra = ((np.arange(7)[None, :] - first[:, None]) % 7 < (length - 28)[:, None]).astype(float)
        return month[None], extra - (365.25 / 12 - 28) / 7
    pairs = 10 if frequency.unit == "W" else 8
    turn = 2 * np.pi * np.arange(366) / 365.25
    waves = np.column_stack([f(k * turn) for k in range(1, pairs + 1) for f in (np.sin, np.cos)])[day_of_year]
    if frequency.unit == "W":
        return (day_of_year // 7)[None], waves
    first_day = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    following = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    date, weekday = days - first_day, (days + 3) % 7
    day = month * 31 + date
    keys = [
        weekday,
        month * 7 + weekday,
        day,
        (month * 5 + date // 7) * 7 + weekday,
        (month * 5 + (following - 1 - days) // 7) * 7 + weekday,
        day * 2 + (weekday >= 5),
        day * 7 + weekday,
    ]
    return np.stack(keys), waves
