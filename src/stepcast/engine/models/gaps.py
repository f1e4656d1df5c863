"""Missing values, for models that cannot do without them."""

import numpy as np

from stepcast.engine.arrays import Floats

__all__ = ["filled"]


def filled(values: Floats, season: int) -> Floats:
    """``values`` with every nan replaced by the usual value of its place in the season, at the level around.

    Shapes:  (time,), oldest first, at least one observed; so is the result. Observed values stay as they are.
    Each place in the season has a mean (over all where it was never observed); what is left after taking the
    means off is interpolated along straight lines, and held beyond the first and the last observation.

    >>> filled(np.array([1.0, 10.0, 3.0, np.nan, 5.0, 14.0]), season=2)
    array([ 1., 10.,  3., 13.,  5., 14.])
    """
    known = np.isfinite(values)
    if known.all():
        return values
    place = np.arange(len(values)) % season
    count = np.bincount(place[known], minlength=season)
    total = np.bincount(place[known], weights=values[known], minlength=season)
    usual = np.where(count > 0, total / np.maximum(count, 1), values[known].mean())[place]
    rest = np.interp(np.arange(len(values)), np.flatnonzero(known), (values - usual)[known])
    return np.where(known, values, usual + rest)
