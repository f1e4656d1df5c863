"""How far a forecast may go: one that leaves everything observed too far has run away, whatever made it."""

import numpy as np

from stepcast.engine.arrays import Floats, Integers

__all__ = ["MEMBER_RANGES", "MODEL_RANGES", "QUANTILE_RANGES", "sane_bounds"]

# By how many widths a forecast may leave the observed range: a member of the ensemble (beyond, the last value
# replaces it), any quantile of the ensemble, the mean of a named model (beyond, SeasonalNaive replaces it).
MEMBER_RANGES, QUANTILE_RANGES, MODEL_RANGES = 1.0, 2.0, 3.0


def sane_bounds(
    lowest: Floats | float, highest: Floats | float, length: Integers | int, horizon: int, ranges: float
) -> tuple[Floats, Floats]:
    """The lowest and the highest sane forecast after ``length`` values from ``lowest`` to ``highest``.

    A forecast may leave their range by ``ranges`` times its width, and continue as steeply as they went.
    Values that are constant may go as far as their own size. Arrays are taken element by element.

    >>> sane_bounds(np.array([2.0]), np.array([4.0]), np.array([10]), horizon=5, ranges=1.0)
    (array([-1.]), array([7.]))
    """
    width = np.where(highest > lowest, highest - lowest, np.abs(highest))
    reach = width * (ranges + horizon / length)
    return lowest - reach, highest + reach
