"""Forecasts and outcomes in one unit: standardized errors, misses and losses."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from stepcast.engine.arrays import Floats
from stepcast.engine.losses import pinball_loss

__all__ = ["Outcomes", "median_of", "outcomes"]

FURTHEST = 4.0  # standard deviations to which an error is clipped


@dataclass(frozen=True)
class Outcomes:
    """``error`` standardized, ``missed`` 1 outside the outer quantiles, 0 inside, ``loss`` mean pinball loss.

    All (items, time); nan if not forecast or not observed. ``miss_rate`` is the nominal rate of misses. If
    quantiles are right, ``error`` has a standard deviation of about 1 and a median of 0.
    """

    error: Floats
    missed: Floats
    loss: Floats
    miss_rate: float


def outcomes(actual: Floats, forecast: Floats, quantiles: tuple[float, ...]) -> Outcomes:
    """Compare ``actual`` (items, time) with ``forecast`` (items, time, quantiles), quantiles ascending.

    An error is scaled by the distance from the median to the outer quantile on its side, so skewed forecasts
    do not look biased. If that distance is zero (a count that is zero nine times in ten), an error of zero is
    0 and any other is as large as errors can be.

    Source: the normal score of the probability integral transform (Diebold, Gunther and Tay, 1998), from
    three of its points.
    """
    low, middle, high = forecast[..., 0], median_of(forecast, quantiles), forecast[..., -1]
    normal = NormalDist().inv_cdf
    above = actual > middle
    reach = np.where(above, high - middle, middle - low)
    unit = normal(max(quantiles[-1], 0.5 + 1e-6)), -normal(min(quantiles[0], 0.5 - 1e-6))
    with np.errstate(all="ignore"):
        error = (actual - middle) / reach * np.where(above, unit[0], unit[1])
    error = np.where(actual == middle, 0.0, np.where(reach > 0, error, np.sign(actual - middle) * FURTHEST))
    scored = np.isfinite(actual) & np.isfinite(forecast).all(axis=-1)
    losses = [pinball_loss(actual - forecast[..., n], q) for n, q in enumerate(quantiles)]
    nan = np.nan
    return Outcomes(
        error=np.where(scored, np.clip(error, -FURTHEST, FURTHEST), nan),
        missed=np.where(scored, (actual < low) | (actual > high), nan).astype(np.float64),
        loss=np.where(scored, np.mean(losses, axis=0), nan),
        miss_rate=1 - (quantiles[-1] - quantiles[0]),
    )


def median_of(forecast: Floats, quantiles: tuple[float, ...]) -> Floats:
    """The median, interpolated between the two quantiles next to it if it was not forecast."""
    place = float(np.interp(0.5, quantiles, np.arange(len(quantiles))))
    below, above = int(place), min(int(place) + 1, len(quantiles) - 1)
    return forecast[..., below] + (place - below) * (forecast[..., above] - forecast[..., below])
