"""How far a forecast may go: what leaves everything observed too far has exploded, whatever made it."""

import numpy as np
from numpy.typing import NDArray

from stepcast.engine.auto.history import History

__all__ = ["bounds_at"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def bounds_at(history: History, origins: Integers, horizon: int, ranges: float) -> tuple[Floats, Floats]:
    """The lowest and the highest sane forecast from each origin (origins,), from the points before it.

    A forecast may leave the range observed by ``ranges`` times its width, and go on as steeply as it went.
    A series that was constant so far may go as far as its own size. Where nothing before the origin is
    negative, no forecast is.
    """
    values = history.values
    low, high = np.minimum.accumulate(values)[origins - 1], np.maximum.accumulate(values)[origins - 1]
    width = np.where(high > low, high - low, np.abs(high))
    reach = width * (ranges + horizon / origins)
    return np.where(low >= 0, np.maximum(low - reach, 0.0), low - reach), high + reach
