"""A new level that the members do not know yet: the latest values all lie far from their forecasts."""

from typing import NamedTuple

import numpy as np

from stepcast.engine.arrays import Flags, Floats, Integers
from stepcast.engine.auto.ensemble.weights import BUCKETS, buckets_of
from stepcast.engine.auto.series.quantile_grid import MEDIAN, OUTERMOST, PROBABILITIES

__all__ = ["NewLevel", "new_level"]

# So many values of half a season are believed; of fewer, the share that they are of it.
FEWEST_BELIEVED, MOST_BELIEVED = 4, 12
WITHOUT_SEASON = 8
DOUBTED = 2  # so many values, or fewer, may be a whim: they make the interval wider, and that is all
FAR = 5.0  # large errors that the latest must exceed
LARGE = 0.7  # share of origins whose errors are less than a large one: at night or at rest, most are small
FEWEST = 8  # older origins that tell what is usual
AT_ONCE = 0.25  # of the change: what may have come of it before, and from its first to its second half
STEADY = 0.2  # of the change: what a level leaves of the latest errors, mean


class NewLevel(NamedTuple):
    """Where the distribution moves, all (horizon,).

    ``centre``    the forecast with as much of the new level as is believed.
    ``factor``    of the spread around it, and ``least`` the mean size of an error at least.
    ``below``     how much further away P10 is for the doubt, and ``above`` P90.
    ``steps``     at which there may be a new level, and at which it is ``believed`` at least in part.
    """

    centre: Floats
    factor: Floats
    least: Floats
    below: Floats
    above: Floats
    steps: Flags
    believed: Flags

    def spread(self, offsets: Floats, normal: Floats) -> Floats:
        """``offsets`` (horizon, PROBABILITIES) from the centre, as wide as the doubt demands.

        ``normal`` (PROBABILITIES,) those of a normal distribution whose errors are of size one.
        """
        lower = np.arange(len(PROBABILITIES)) < MEDIAN
        least, wider = self.least[:, None] * normal, self.factor[:, None] * offsets
        wider = np.where(lower, np.minimum(wider, least), np.maximum(wider, least))
        doubt = np.where(lower, self.below[:, None], self.above[:, None]) * normal / abs(normal[OUTERMOST])
        return np.where(self.steps[:, None], wider + doubt, offsets)


class _Change(NamedTuple):
    """From forecasts to the last ``values`` that came: ``factor`` times them plus ``shift``, errors of size
    ``left`` remain."""

    factor: float
    shift: float
    left: float
    values: int


def new_level(
    origins: Integers, origin: int, forecasts: Floats, actual: Floats, weights: Floats, season: int
) -> NewLevel | None:
    """The new level at the end, if there may be one.

    The latest values are compared with what was forecast from before them. That forecast, moved to the new
    level, goes on: the members that have seen the jump may know a part of it, or take it for a trend.
    Weights of far steps may be on members that know the new level least, so those of each bucket are asked
    for the first steps.

    Shapes:  ``origins`` (origins,) before ``origin``, rising; ``forecasts`` (members, origins + 1 or more,
             horizon), the one after those of the origins from ``origin``; ``actual`` (origins, horizon) known
             there, nan beyond; ``weights`` (members, BUCKETS).
    """
    horizon, count = actual.shape[1], len(origins)
    first = int(np.searchsorted(origins, origin - MOST_BELIEVED))
    if first < FEWEST or first == count:
        return None
    steps = min(MOST_BELIEVED, horizon)
    came = actual[:, :steps]
    errors = came - np.tensordot(weights.T, forecasts[:, :count, :steps], axes=1)
    known = np.isfinite(came[:first]).sum(axis=1)
    if not known.any():
        return None
    sizes = np.nansum(np.abs(errors[:, :first]), axis=2) / np.maximum(known, 1)
    usual = np.quantile(sizes[:, known > 0], LARGE, axis=1)
    late = first + np.flatnonzero(origin - origins[first:] < min(steps + 1, horizon))
    latest = np.abs(errors[:, late, origin - origins[late] - 1])
    found: list[tuple[_Change, int] | None] = []
    for bucket in range(BUCKETS):
        # the earliest of them that is far from the last value says whether it is a level
        far = late[latest[bucket] > FAR * usual[bucket]]
        change = None
        if len(far):
            gap = origin - origins[far[0]]
            change = _change(errors[bucket, far[0], :gap], came[far[0], :gap], sizes[bucket])
        found.append(change and (change, int(far[0])))
    if not any(found):
        return None
    half = (season + 1) // 2 if season > 1 else WITHOUT_SEASON
    enough = int(np.clip(half, FEWEST_BELIEVED, MOST_BELIEVED))
    return _moved(found, origin - origins, enough, forecasts[:, : count + 1], weights)


def _change(errors: Floats, came: Floats, sizes: Floats) -> _Change | None:
    """What takes the forecasts of the latest values to what ``came``; None where these have no level.

    The latest are those since the last one that was forecast far better. A level comes at once and stays;
    where errors grow from value to value, it is a trend that the forecast did not know.
    """
    known = np.isfinite(errors)
    late, values = errors[known], came[known]
    as_before = np.flatnonzero(late / late[-1] < AT_ONCE)
    begin = int(as_before[-1]) + 1 if len(as_before) else 0
    previous, late, values = late[:begin], late[begin:], values[begin:]
    shift = float(np.median(late))
    if len(previous) and abs(previous[-1]) > AT_ONCE * abs(shift):
        return None
    as_far = np.flatnonzero(sizes >= abs(shift) / 2)
    if len(as_far) and (sizes[as_far[0] :] < abs(shift) / 4).any():  # it has come back before
        return None
    before, factor, rest = values - late, 1.0, late - shift
    if (before > 0).all() and (values > 0).all():
        ratio = float(np.median(values) / np.median(before))
        if np.abs(values - ratio * before).mean() < np.abs(rest).mean():
            factor, rest = ratio, values - ratio * before
    left, half = float(np.abs(rest).mean()), len(rest) // 2
    if left > STEADY * abs(shift):
        return None
    if half and abs(np.median(rest[half:]) - np.median(rest[:half])) > AT_ONCE * abs(shift):
        return None
    return _Change(factor, shift if factor == 1 else 0.0, left, len(late))


def _moved(
    found: list[tuple[_Change, int] | None], gaps: Integers, enough: int, forecasts: Floats, weights: Floats
) -> NewLevel:
    """The last of ``forecasts`` (members, origins + 1, horizon) at the new level, if ``enough`` values are.

    ``found`` has a change by bucket and the number of the origin whose forecast it moves; the origins lie
    ``gaps`` (origins,) periods before the last.
    """
    horizon = forecasts.shape[2]
    in_bucket = buckets_of(horizon)
    centre, factor, trust = np.zeros(horizon), np.ones(horizon), np.full(horizon, np.nan)
    need, least = np.zeros(horizon), np.zeros(horizon)
    for bucket, one in enumerate(found):
        steps = in_bucket == bucket
        now = weights[:, bucket] @ forecasts[:, -1]
        centre[steps] = now[steps]
        if one is None:
            continue
        change, place = one
        gap = int(gaps[place])
        then = change.factor * (weights[:, bucket] @ forecasts[:, place]) + change.shift
        further = np.append(then[gap:] - now[:-gap], np.zeros(gap))
        # it ends earlier; from there on the last is moved as it is just before
        moved, about = (one[max(horizon - 2 * gap, 0) : horizon - gap].mean() for one in (further, now))
        further[-gap:] = now[-gap:] * (moved / about) if change.factor != 1 and about > 0 else moved
        own = min(change.values / enough, 1.0) if change.values > DOUBTED else 0.0
        need[steps], least[steps], trust[steps] = further[steps], change.left, own
        factor[steps] = 1 + own * (min(change.factor, 1.0) - 1)
    there = np.isfinite(trust)
    trust = np.where(there, trust, 0.0)
    onward, back = (1 - trust) * np.abs(need), np.minimum(trust, 2 * (1 - trust)) * np.abs(need)
    return NewLevel(
        centre=centre + trust * need,
        factor=factor,
        least=least,
        below=np.where(need < 0, onward, back),
        above=np.where(need < 0, back, onward),
        steps=there,
        believed=trust > 0,
    )
