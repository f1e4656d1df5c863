"""How far a forecast may go: what leaves everything observed too far has exploded, whatever made it."""

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.auto.compiled import compiled
from stepcast.engine.auto.series.history import History

__all__ = ["bounds_at"]


def bounds_at(history: History, origins: Integers, horizon: int, ranges: float) -> tuple[Floats, Floats]:
    """The lowest and the highest sane forecast from each of ``origins``, which rise, by the points before it.

    A forecast may leave the range observed by ``ranges`` times its width, and go on as steeply as it went.
    A series that was constant so far may go as far as its own size. Where nothing before the origin is
    negative, no forecast is.
    """
    low, high = np.empty((2, len(origins)))
    _bounds(history.values, origins, horizon, ranges, low, high)
    return low, high


@compiled
def _bounds(values, origins, horizon, ranges, low, high):  # type: ignore[no-untyped-def]
    smallest, largest, seen = np.inf, -np.inf, 0
    for place in range(len(origins)):
        origin = origins[place]
        while seen < origin:
            smallest, largest = min(smallest, values[seen]), max(largest, values[seen])
            seen += 1
        width = largest - smallest if largest > smallest else abs(largest)
        reach = width * (ranges + horizon / origin)
        low[place] = max(smallest - reach, 0.0) if smallest >= 0 else smallest - reach
        high[place] = largest + reach
