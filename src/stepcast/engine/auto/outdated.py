"""Whether past values have become a bad guide: the latest lie on a level that few of the others had."""

import numpy as np

from stepcast.engine.arrays import Floats
from stepcast.engine.auto.ensemble.cross_validation import CrossValidation
from stepcast.engine.auto.series.history import History
from stepcast.engine.auto.series.quantile_grid import MEDIAN
from stepcast.engine.auto.sources.empirical import empirical_quantiles

__all__ = ["past_is_outdated"]


# A season, or so many values: what differs for less may be a storm or a holiday, and all is as before after.
FEWEST, MOST = 12, 48
TIMES = 3.0  # the error of the members there, and that of past values at other times
OTHER_TIMES = 12


def past_is_outdated(history: History, found: CrossValidation, place: int, errors: Floats) -> bool:
    """Whether quantiles of past values are far off in what came just before origin number ``place``.

    They learn a new level only as it fills the cycles they are made of: for days, weeks or years after all
    members know it. Their errors of late must be far larger than those of the members, and than their own
    used to be.

    Shapes:  ``errors`` (place, horizon) of the weighted members at the origins before, nan not known.
    """
    horizon, origins = errors.shape[1], found.origins
    span = min(horizon, max(found.seasons.short, FEWEST), MOST)
    late = int(np.searchsorted(origins[:place], origins[place] - span))
    if not 0 < late < place:
        return False
    steps = int(origins[place] - origins[late])
    theirs = _errors(history, found, late, steps)
    known = np.isfinite(theirs)
    if not theirs[known].sum() > TIMES * np.abs(errors[late, :steps][known]).sum():
        return False
    moments = np.linspace(origins[0], origins[late - 1], OTHER_TIMES)
    others = [
        _errors(history, found, at, steps) for at in np.unique(np.searchsorted(origins[:late], moments))
    ]
    usual = [float(np.nanmean(one)) for one in others if np.isfinite(one).any()]
    return bool(usual) and float(theirs[known].mean()) > TIMES * float(np.median(usual))


def _errors(history: History, found: CrossValidation, place: int, steps: int) -> Floats:
    """Sizes of errors of the median of past values at the first ``steps`` after an origin, nan not known."""
    origin = int(found.origins[place])
    middle = empirical_quantiles(history.values[:origin], found.seasons, steps)[:, MEDIAN]
    sizes: Floats = np.abs(found.values[origin : origin + steps] - middle)
    return sizes
