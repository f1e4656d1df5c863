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
FAR = 5.0  # large errors that the typical recent one must exceed
LARGE = 0.7  # share of origins whose errors are less than a large one: at night or at rest, most are small
FEWEST = 8  # older origins that tell what is usual
AT_ONCE = 0.25  # of the change: what may have come of it before, and from its first to its second half
STEADY = 0.2  # of the change: what a level leaves of the latest errors, mean
PLACE = OUTERMOST  # of the PROBABILITIES: the interval that holds both levels while there is doubt


class NewLevel(NamedTuple):
    """``centre`` (horizon,) with as much of the new level as is believed, ``factor`` (horizon,) of the spread
    around it; ``below`` and ``above`` (horizon,) how far p10 and p90 are away besides, for the doubt; ``least``
    (horizon,) the mean size of an error at least; ``steps`` (horizon,) at which there is a new level, believed
    by ``trust`` from 0 to 1."""

    centre: Floats
    factor: Floats
    below: Floats
    above: Floats
    least: Floats
    steps: Flags
    trust: float

    def spread(self, offsets: Floats, normal: Floats) -> Floats:
        """``offsets`` (horizon, PROBABILITIES) from the centre, as wide as the doubt demands.

        ``normal`` (PROBABILITIES,) those of a normal distribution whose errors are of size one.
        """
        wider = offsets * self.factor[:, None]
        least = self.least[:, None] * normal
        lower = np.arange(len(PROBABILITIES)) < MEDIAN
        wider = np.where(lower, np.minimum(wider, least), np.maximum(wider, least))
        doubt = np.where(lower, self.below[:, None], self.above[:, None]) * normal / abs(normal[PLACE])
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
    """The new level at the end, if there is one.

    The latest values are compared with what was forecast from before them. That forecast, moved to the new
    level, goes on: the members that have seen the jump may know a part of it, or take it for a trend.
    Weights of far steps may be on members that know the new level least, so those of each bucket are asked
    for the first steps.

    Shapes:  ``origins`` (origins,) before ``origin``, rising; ``forecasts`` (members, origins + 1 or more,
             horizon), that of number ``origins`` from ``origin``; ``actual`` (origins, horizon) known there, nan
             beyond; ``weights`` (members, BUCKETS).
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
    gaps = origin - origins[first:]
    fit = np.flatnonzero(gaps <= min(steps, horizon - 1))
    latest = np.abs(errors[:, first + fit, gaps[fit] - 1])
    if not (latest > FAR * usual[:, None]).any():
        return None
    believed = (
        int(np.clip((season + 1) // 2, FEWEST_BELIEVED, MOST_BELIEVED)) if season > 1 else WITHOUT_SEASON
    )
    for place in fit:
        gap = int(gaps[place])
        late = errors[:, first + place, :gap]
        found = [
            _change(late[bucket], came[first + place, :gap], usual[bucket], sizes[bucket])
            for bucket in range(BUCKETS)
        ]
        if any(found):
            values = max(change.values for change in found if change)
            trust = min(values / believed, 1.0) if values > DOUBTED else 0.0
            then, now = forecasts[:, first + place], forecasts[:, count]
            return _moved(found, trust, gap, then, now, weights)
    return None


def _change(errors: Floats, came: Floats, usual: float, sizes: Floats) -> _Change | None:
    """What takes the forecasts of the latest values to what ``came``; None where that is nothing unusual.

    The latest are those since the last one that was forecast better by half. A level comes at once and stays;
    where errors grow from value to value, it is a trend that the forecast did not know.
    """
    known = np.isfinite(errors)
    late, values = errors[known], came[known]
    if not len(late) or abs(late[-1]) <= FAR * usual:
        return None
    as_before = np.flatnonzero(late / late[-1] < 1 / 2)
    begin = int(as_before[-1]) + 1 if len(as_before) else 0
    previous, late, values = late[:begin], late[begin:], values[begin:]
    shift = float(np.median(late))
    half = len(late) // 2
    if len(previous) and abs(previous[-1]) > AT_ONCE * abs(shift):
        return None
    if half and abs(np.median(late[half:]) - np.median(late[:half])) > AT_ONCE * abs(shift):
        return None
    as_far = np.flatnonzero(sizes >= abs(shift) / 2)
    if len(as_far) and (sizes[as_far[0] :] < abs(shift) / 4).any():  # it has come back before
        return None
    change = _Change(1.0, shift, float(np.abs(late - shift).mean()), len(late))
    before = values - late
    if (before > 0).all() and (values > 0).all():
        ratio = float(np.median(values) / np.median(before))
        left = float(np.abs(values - ratio * before).mean())
        if left < change.left:
            change = _Change(ratio, 0.0, left, len(late))
    return change if change.left <= STEADY * abs(shift) else None


def _moved(
    found: list[_Change | None], trust: float, gap: int, before: Floats, last: Floats, weights: Floats
) -> NewLevel:
    """The forecasts from ``gap`` values ago, ``before``, and the ``last`` (members, horizon) at the new level."""
    horizon = last.shape[1]
    bucket = buckets_of(horizon)
    now = np.einsum("mh,mh->h", weights[:, bucket], last)
    need, factor, least = np.zeros(horizon), np.ones(horizon), np.zeros(horizon)
    steps = np.array([found[number] is not None for number in bucket])
    overlap = horizon - gap
    for number, change in enumerate(found):
        if change is None:
            continue
        then, inside, further = weights[:, number] @ before, bucket == number, np.empty(horizon)
        further[:overlap] = change.factor * then[gap:] + change.shift - now[:overlap]
        further[overlap:] = further[max(overlap - gap, 0) : overlap].mean()
        need[inside] = further[inside]
        factor[inside] = 1 + trust * (min(change.factor, 1.0) - 1)
        least[inside] = change.left
    onward, back = (1 - trust) * np.abs(need), min(trust, 2 * (1 - trust)) * np.abs(need)
    below, above = np.where(need < 0, onward, back), np.where(need < 0, back, onward)
    return NewLevel(now + trust * need, factor, below, above, least, steps, trust)
