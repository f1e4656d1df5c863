"""Counts with zeros from one origin, forecast by distributions of counts."""

from dataclasses import dataclass

import numpy as np

from stepcast.engine.arrays import Floats
from stepcast.engine.auto.series.history import History
from stepcast.engine.auto.series.seasons import Seasons, seasons_of
from stepcast.engine.auto.sources.counts import are_sparse, count_forecast, suit_counts

__all__ = ["CountForecast", "count_forecast_at"]


@dataclass(frozen=True)
class CountForecast:
    """Counts with zeros from one origin: ``table`` (horizon, PROBABILITIES + 1), the mean last.

    ``sparse``  most of them are zero: no member of another kind suits them.
    """

    history: History
    seasons: Seasons
    table: Floats
    sparse: bool


def count_forecast_at(history: History, origin: int, horizon: int) -> CountForecast | None:
    """The first ``origin`` values of a history as counts; None where they are none, or where there are
    covariates that may explain more."""
    if origin < 1 or (history.covariates is not None and history.covariates.explains):
        return None
    raw = np.ldexp(history.values[:origin], history.exponent)
    known = raw[history.known[:origin]]
    if not suit_counts(known):
        return None
    seasons = seasons_of(history.frequency, origin, horizon)
    with np.errstate(over="ignore"):
        quantiles, means = count_forecast(raw, seasons, horizon)
    quantiles = np.minimum(quantiles, np.finfo(np.float64).max)
    means = np.clip(means, quantiles[:, 0], quantiles[:, -1])
    return CountForecast(history, seasons, np.column_stack([quantiles, means]), are_sparse(known))
