"""The non-parametric member: quantiles of past values themselves, recent ones and those of the phase more."""

import numpy as np
from numpy.typing import NDArray

from stepcast.engine.auto.seasons import Seasons
from stepcast.engine.auto.spread import PROBABILITIES

__all__ = ["empirical_quantiles"]

Floats = NDArray[np.float64]

MEMORY = 60  # values of a phase that are looked at
FADING = 0.08  # weight lost from one to the one before it, without season; with one, SEASONAL_FADING
SEASONAL_FADING = 0.25


def empirical_quantiles(values: Floats, seasons: Seasons, horizon: int) -> Floats:
    """Quantiles (horizon, PROBABILITIES) of the values of the same phase of the longest season.

    Source:  the idea of NPTS, Amazon's Non-Parametric Time Series forecaster, without its sampling.
    """
    season = seasons.long or seasons.short
    fading = SEASONAL_FADING if season > 1 else FADING
    result = np.empty((horizon, len(PROBABILITIES)))
    for step in range(min(season, horizon)):
        seen = values[::-1][season - 1 - step :: season][:MEMORY] if season > 1 else values[::-1][:MEMORY]
        seen = seen if len(seen) else values[-1:]
        weight = np.exp(-fading * np.arange(len(seen)))
        order = np.argsort(seen, kind="stable")
        rank = np.cumsum(weight[order]) - 0.5 * weight[order]
        result[step] = np.interp(PROBABILITIES, rank / weight.sum(), seen[order])
    for step in range(season, horizon):
        result[step] = result[step - season]
    return result
