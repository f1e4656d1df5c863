"""How far a forecast of a history may go from each of its origins."""

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.auto.series.history import History
from stepcast.engine.bounds import sane_bounds

__all__ = ["bounds_at"]


def bounds_at(history: History, origins: Integers, horizon: int, ranges: float) -> tuple[Floats, Floats]:
    """The lowest and the highest sane forecast (origins,) from each of ``origins``, by the values before it.

    Where none of these is negative, no forecast is.
    """
    lowest = np.minimum.accumulate(history.values)[origins - 1]
    highest = np.maximum.accumulate(history.values)[origins - 1]
    low, high = sane_bounds(lowest, highest, origins, horizon, ranges)
    return np.where(lowest >= 0, np.maximum(low, 0.0), low), high
