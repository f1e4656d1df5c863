"""From which past moments a series is forecast to learn how good each member is."""

from math import gcd

import numpy as np

from stepcast.engine.arrays import Integers
from stepcast.engine.auto.series.seasons import Seasons

__all__ = ["origins_of"]


MUCH_LONGER = 5  # times the horizon and a cycle, from which history has shifts to show that are rare
MOST_OF = 2 / 3  # of the history: ridges are fitted to what is before


def origins_of(
    length: int, horizon: int, seasons: Seasons, year: int, count: int, horizons: int = 1
) -> Integers:
    """At most ``count`` origins, rising; origin o is forecast from the first o points.

    They end one before the last point (the latest see only a part of their horizon) and reach back over so
    many ``horizons`` and, where the history allows, over the longest season, in steps that have no divisor in
    common with the season, so that every phase of it is met. Where a far cycle is known, or the horizon is
    longer than any season of a much longer history, a third of them reach back over most of it, for shifts
    that are rare.
    The latest with all of its horizon known is among them. ``year`` is the year in periods, 0 where unknown.

    >>> origins_of(20, 4, Seasons(1, 0), 0, 6)
    array([ 9, 11, 13, 16, 17, 19])
    >>> origins_of(20_000, 48, Seasons(288, 0, 2016), 0, 9)
    array([ 6666, 11042, 15418, 19794, 19835, 19876, 19952, 19958, 19999])
    """
    warm = max(2 * seasons.short, 2 * seasons.long, 3)
    last = length - 1
    room = last - warm + 1
    if room < 1:  # two or three points: the last origin that has a past
        return np.arange(max(last, 1), max(last, 0) + 1)
    cycle = max(seasons.long, year if 3 * year <= length else 0, seasons.short)
    reach = min(room, max(horizons * horizon + count, min(horizon + cycle, length // 3)))
    step = max(1, -(-reach // count))
    while step > 1 and gcd(step, seasons.short) > 1:
        step += 1
    if year and length >= 6 * year:
        warm = max(warm, length // 2)  # the calendar's effects are learned from what lies before
    origins = np.arange(last, warm - 1, -step)[:count][::-1].copy()
    far_ahead = seasons.short > 1 and horizon >= cycle and length >= MUCH_LONGER * (horizon + cycle)
    if seasons.far or far_ahead:  # older times and all phases of a far cycle, more sparsely
        near = origins[len(origins) // 3 :]
        first = max(warm, last - int(MOST_OF * length))
        if first < origins[0] - step:
            further = np.linspace(first, near[0], len(origins) - len(near), endpoint=False).astype(np.int64)
            origins = np.unique(np.concatenate([further, near]))
    if (complete := length - horizon) >= origins[0]:
        # the latest origin whose whole horizon is known is among them
        origins[np.searchsorted(origins, complete, side="right") - 1] = complete
    return origins
