"""Losses, point by point: arrays in, arrays out.

``outputs`` are quantiles in rising order, then ``"mean"`` if asked for.
"""

import numpy as np

from stepcast.engine.arrays import Floats
from stepcast.engine.task import Outputs, quantiles_of

__all__ = ["pinball_loss", "point_forecast", "seasonal_error"]


def pinball_loss(error: Floats, quantile: float | Floats) -> Floats:
    """Cost of an error, the actual minus the predicted ``quantile``, point by point.

    Shapes:  ``error`` any; ``quantile`` one number or an array that broadcasts against it.
    Units:   those of ``error``. A missing one (nan) costs nan, never zero.
    Source:  Koenker and Bassett (1978), Regression Quantiles.

    Forecasting 8 when 10 were sold costs much at p90, little at p10:

    >>> pinball_loss(np.array([10.0 - 8.0]), quantile=0.9)
    array([1.8])
    >>> pinball_loss(np.array([10.0 - 8.0]), quantile=0.1)
    array([0.2])
    """
    return np.maximum(quantile * error, (quantile - 1) * error)


def point_forecast(predicted: Floats, outputs: Outputs) -> Floats:
    """The one number a forecast would bet on: the mean if asked for, else the median.

    Shapes:  ``predicted`` (..., outputs); the result (...).
    Where neither was asked for, the median is read off the straight line between the two quantiles around it,
    or is the quantile nearest to it.

    >>> point_forecast(np.array([[1.0, 2.0, 9.0]]), (0.1, 0.5, 0.9))
    array([2.])
    >>> point_forecast(np.array([[1.0, 9.0]]), (0.1, 0.9))
    array([5.])
    """
    if outputs[-1] == "mean":
        return predicted[..., -1]
    quantiles = quantiles_of(outputs)
    right = int(np.clip(np.searchsorted(quantiles, 0.5), 0, len(quantiles) - 1))
    left = max(right - 1, 0)
    if quantiles[right] <= 0.5 or left == right:
        return predicted[..., right]
    share = (0.5 - quantiles[left]) / (quantiles[right] - quantiles[left])
    return predicted[..., left] * (1 - share) + predicted[..., right] * share


def seasonal_error(history: Floats, season: int) -> float:
    """What repeating the last season would have cost within ``history``: the denominator of MASE.

    Shapes:  ``history`` (time,), oldest first; nan is missing, and leaves out both pairs that it is part of.
    Units:   those of ``history``; nan where no two observed values lie a season apart.
    Source:  Hyndman and Koehler (2006), Another look at measures of forecast accuracy.

    >>> seasonal_error(np.array([1.0, 5.0, 3.0, 7.0]), season=2)
    2.0
    """
    with np.errstate(over="ignore", invalid="ignore"):  # a step too large for a float is left out
        steps = np.abs(history[season:] - history[:-season])
        known = steps[np.isfinite(steps)]
        return float(known.mean()) if known.size else float("nan")
