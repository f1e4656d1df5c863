"""When a series is at its bound, always: the nights of a solar plant, the Sundays of a shop.

A time of the day or the week counts if every known value at it, seven or more, is the bound exactly, and if
chance does not explain that: items that sell once a month are at zero most times anyway. Where such times end
moves with the sunrise, so as many of them are left out on either side as have ever turned out wrong within
a horizon of the past.
"""

from collections.abc import Iterable

import numpy as np

from stepcast.engine.arrays import Flags, Floats, Integers
from stepcast.engine.frequency import Frequency
from stepcast.engine.seasonality import season_length, week_length

__all__ = ["always_at", "seasons_in"]

FEWEST = 7  # times that a value was the bound
CHANCE = 0.01  # of so many times in a row at any time of the season
LOOKED_BACK_AT = 200  # breaks of the rule, the latest


def seasons_in(frequency: Frequency, length: int) -> tuple[int, ...]:
    """The seasons, in periods, that ``length`` periods hold often enough: the day, the week or the year.

    >>> seasons_in(Frequency.parse("H"), 1_000), seasons_in(Frequency.parse("H"), 2_000)
    ((24,), (24, 168))
    """
    seasons = (season_length(frequency), week_length(frequency))
    return tuple(season for season in seasons if season > 1 and length >= FEWEST * season)


def always_at(values: Floats, bound: float, seasons: Iterable[int], horizon: int) -> Flags:
    """Which of the next ``horizon`` steps are at the ``bound`` for certain (horizon,).

    ``values`` (time,) oldest first, nan is missing. A series that is always at the bound proves nothing: it
    may be dead, or may never have begun.

    >>> day = [0.0, 0.0, 3.0, 5.0]
    >>> always_at(np.array(day * 9), 0.0, [4], horizon=6)
    array([ True,  True, False, False,  True,  True])
    """
    result = np.zeros(horizon, dtype=bool)
    for season in seasons:
        result |= _in_season(values, bound, season, horizon)[np.arange(horizon) % season]
    return result


def _in_season(values: Floats, bound: float, season: int, horizon: int) -> Flags:
    """The times of the season (season,), counted from the first step after the end."""
    whole = -(-len(values) // season)
    padded = np.concatenate([np.full(whole * season - len(values), np.nan), values])
    cycles = padded.reshape(whole, season)
    known = np.isfinite(cycles)
    broken = known & (cycles != bound)
    counts = known.sum(axis=0)
    clean: Flags = ~broken.any(axis=0) & (counts >= FEWEST)
    others = ~clean & (counts > 0)
    if not clean.any() or not others.any():
        return np.zeros(season, dtype=bool)
    elsewhere = int(counts[others].sum())
    share = (elsewhere - int(broken[:, others].sum()) + 1) / (elsewhere + 2)
    clean &= share**counts * season < CHANCE
    return _eroded(clean, min(_margin(broken, -(-horizon // season)), season))


def _margin(broken: Flags, ahead: int) -> int:
    """How many times next to each other were always at the bound once, and broke it in the ``ahead`` cycles
    that followed, at most."""
    first: Integers = np.where(broken.any(axis=0), broken.argmax(axis=0), len(broken))
    worst = 0
    for cycle in np.unique(first[(first >= FEWEST) & (first < len(broken))])[-LOOKED_BACK_AT:]:
        worst = max(worst, _longest_run((first >= cycle) & (first < cycle + ahead)))
    return worst


def _longest_run(flags: Flags) -> int:
    """Of True in a circle.

    >>> _longest_run(np.array([True, False, True, True]))
    3
    """
    if flags.all():
        return len(flags)
    turned = np.roll(flags, -int(flags.argmin()))  # begins with False
    edges = np.flatnonzero(np.diff(np.concatenate([[False], turned, [False]]).astype(np.int8)))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def _eroded(flags: Flags, margin: int) -> Flags:
    """Without the ``margin`` at either end of each run, in a circle."""
    kept = flags.copy()
    for shift in range(1, margin + 1):
        kept &= np.roll(flags, shift) & np.roll(flags, -shift)
    return kept
