"""What the calendar alone does to a series: time of year, dates, nth weekdays, working days in a month.

Nothing is assumed about a country: a date or the fourth Thursday of a month has an effect where the years
agree on it, and none where they do not.
"""

import numpy as np
from numpy.typing import NDArray

from stepcast.engine.calendar import moment_of
from stepcast.engine.frequency import Frequency

__all__ = ["calendar_effects", "year_length"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

YEARS_NEEDED = 3
ROUNDS = 3  # of backfitting: each kind of effect is estimated on what the others leave
# An effect stays with the share 1 - caution / t**2 of itself, t its mean by its standard error; caution is
# this much, and the more the fewer times it was seen: of what wanders, two or three years agree by chance.
CAUTION, FEW_TIMES = 3.0, 4.0


def year_length(frequency: Frequency) -> int:
    """Periods in a year where effects of the calendar can be told (days, weeks, months), else 0."""
    if frequency.count > 1 or frequency.unit not in ("D", "W", "M"):
        return 0
    return {"D": 365, "W": 52, "M": 12}[frequency.unit]


def calendar_effects(
    values: Floats, end: int, frequency: Frequency, fitted: int, horizon: int
) -> Floats | None:
    """The effect of each period, the ``horizon`` ones after the last included: (time + horizon,).

    ``values`` (time,) ends at period ``end``; only the first ``fitted`` are learned from. None where there is
    no year to speak of, or fewer than three.
    """
    year = year_length(frequency)
    if not year or fitted < YEARS_NEEDED * year:
        return None
    periods = end - len(values) + 1 + np.arange(len(values) + horizon)
    keys, waves = _features(periods, frequency)
    level = _level(values[:fitted], year)
    inside = np.isfinite(level)
    rest = (values[:fitted] - level)[inside]
    effect = np.zeros(len(periods))
    basis = waves[:fitted][inside]
    gram = basis.T @ basis
    gram[np.diag_indices(len(gram))] += 1.0
    for _ in range(ROUNDS if len(keys) > 1 else 1):
        for key in keys:
            step = _means(key[:fitted][inside], rest, int(key.max()) + 1)[key]
            effect += step
            rest -= step[:fitted][inside]
        step = waves @ np.linalg.solve(gram, basis.T @ rest)
        effect += step
        rest -= step[:fitted][inside]
    return effect


def _level(values: Floats, year: int) -> Floats:
    """A centred mean over a year; nan within half a year of both ends."""
    level = np.full(len(values), np.nan)
    total = np.concatenate([[0.0], np.cumsum(values)])
    half = year // 2
    mean = (total[year:] - total[:-year]) / year
    if year % 2 == 0:
        mean = (mean[1:] + mean[:-1]) / 2
    level[half : half + len(mean)] = mean
    return level


def _means(key: Integers, rest: Floats, size: int) -> Floats:
    """The mean of ``rest`` by key, each shrunk toward zero by how little its own spread lets one trust it."""
    count = np.bincount(key, minlength=size).astype(float)
    mean = np.bincount(key, weights=rest, minlength=size) / np.maximum(count, 1)
    spread = np.bincount(key, weights=(rest - mean[key]) ** 2, minlength=size)
    typical = spread.sum() / max(len(rest) - size, len(rest) / 4, 1)
    # few observations say little of their own spread: three of the typical one are mixed in
    variance = (spread + 3 * typical) / (np.maximum(count - 1, 0) + 3)
    certainty = mean**2 * count / np.maximum(variance, 1e-300)
    caution = CAUTION * (1 + (FEW_TIMES / np.maximum(count, 1)) ** 2)
    kept: Floats = mean * np.maximum(0.0, 1 - caution / np.maximum(certainty, 1e-9))
    return kept


def _features(periods: Integers, frequency: Frequency) -> tuple[list[Integers], Floats]:
    """Keys (each an integer a period) and smooth waves (periods, waves) of the calendar."""
    moments = moment_of(periods, frequency)
    days = moments.astype("datetime64[D]").astype(np.int64)
    months = moments.astype("datetime64[M]").astype(np.int64)
    years = moments.astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)
    day_of_year = days - years
    turn = 2 * np.pi * day_of_year / 365.25
    month = months % 12
    if frequency.unit == "M":
        following = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
        length = following - days
        first = (days + 3) % 7  # Monday is 0
        # how many of each weekday beyond four, centred; together they are the length of the month
        extra = ((np.arange(7)[None, :] - first[:, None]) % 7 < (length - 28)[:, None]).astype(float)
        return [month], extra - (365.25 / 12 - 28) / 7
    pairs = 10 if frequency.unit == "W" else 8
    waves = np.column_stack([f(k * turn) for k in range(1, pairs + 1) for f in (np.sin, np.cos)])
    if frequency.unit == "W":
        return [day_of_year // 7], waves
    first_day = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    following = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    date, weekday = days - first_day, (days + 3) % 7
    day = month * 31 + date
    return [
        weekday,
        month * 7 + weekday,
        day,
        (month * 5 + date // 7) * 7 + weekday,
        (month * 5 + (following - 1 - days) // 7) * 7 + weekday,
        day * 2 + (weekday >= 5),
        day * 7 + weekday,
    ], waves
