"""A new level that the members do not believe yet: the latest errors, all alike and far above the usual."""

from typing import NamedTuple

import numpy as np

from stepcast.engine.arrays import Floats, Integers

__all__ = ["UNCHANGED", "Change", "level_breaks"]

# Looking back over so many values, a new level is believed so far: one or two may be a whim.
LOOKS = ((12, 1.0), (8, 0.7), (5, 0.4))
FAR = 5.0  # large errors that the typical recent one must exceed
LARGE = 0.7  # share of origins whose errors are less than a large one: at night or at rest, most are small
FEWEST = 8  # older origins that tell what is usual
STEADY = 0.2  # of the change: what a level leaves of the latest errors, mean


class Change(NamedTuple):
    """To a new level: forecasts times ``factor`` plus ``shift``, errors of mean size ``doubt`` or more."""

    factor: float = 1.0
    shift: float = 0.0
    doubt: float = 0.0


UNCHANGED = Change()


def level_breaks(
    origins: Integers, origin: int, forecasts: Floats, actual: Floats, weights: Floats
) -> tuple[Change, ...]:
    """The change that forecasts of each bucket need; empty where there is no new level.

    Weights of far steps may be on members that know the new level least, so those of each bucket are asked
    for the first steps from the latest origins.

    Shapes:  ``origins`` (origins,) before ``origin``, rising; ``forecasts`` (members, origins or more,
             horizon); ``actual`` (origins, horizon) known there, nan beyond; ``weights`` (members, BUCKETS).
    """
    for look, trust in LOOKS:
        first, steps = int(np.searchsorted(origins, origin - look)), min(look, actual.shape[1])
        if first < FEWEST or first == len(origins) or 2 * (origin - int(origins[first])) < look:
            continue
        came = actual[:, :steps]
        if np.isfinite(came[first:]).sum() < 2:
            continue
        by_bucket = np.tensordot(weights.T, forecasts[:, : len(origins), :steps], axes=1)
        found = [_change(one, came, first, trust) for one in by_bucket]
        if any(one is not UNCHANGED for one in found):
            return tuple(found)
    return ()


def _change(forecasts: Floats, came: Floats, first: int, trust: float) -> Change:
    """What takes the forecasts from origin number ``first`` on to what came, as far as it is trusted."""
    errors = came - forecasts
    known = np.isfinite(errors)
    late, forecast = errors[first:][known[first:]], forecasts[first:][known[first:]]
    shift = float(np.median(late))
    if not ((late > 0).all() or (late < 0).all()):
        return UNCHANGED
    counts = known[:first].sum(axis=1)
    sizes = np.where(known[:first], np.abs(errors[:first]), 0.0).sum(axis=1) / np.maximum(counts, 1)
    if not counts.any() or abs(shift) <= FAR * np.quantile(sizes[counts > 0], LARGE):
        return UNCHANGED
    as_far = np.flatnonzero(sizes >= abs(shift) / 2)
    if len(as_far) and (sizes[as_far[0] :] < abs(shift) / 4).any():  # it has come back before
        return UNCHANGED
    factor, left = 1.0, float(np.abs(late - shift).mean())
    if (forecast > 0).all() and (forecast + late > 0).all():
        ratio = float(np.median(forecast + late) / np.median(forecast))
        left_of_ratio = float(np.abs(forecast + late - ratio * forecast).mean())
        if left_of_ratio < left:
            factor, left = ratio, left_of_ratio
    if left > STEADY * abs(shift):
        return UNCHANGED
    doubt = left + (1 - trust) * abs(shift) / 2
    if factor != 1:
        return Change(1 + trust * (factor - 1), 0.0, doubt)
    return Change(1.0, trust * shift, doubt)
