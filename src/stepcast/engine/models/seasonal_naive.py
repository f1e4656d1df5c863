"""SeasonalNaive: the next season is like the last one."""

from collections.abc import Mapping

import numpy as np

from stepcast.engine.arrays import Floats
from stepcast.engine.models.model import Past, Prediction
from stepcast.engine.models.normal import normal_prediction

__all__ = ["last_season", "seasonal_change", "seasonal_naive"]


def seasonal_naive(
    past: Past,
    horizon: int,
    quantiles: tuple[float, ...],
    _parameters: Mapping[str, str],
) -> Prediction:
    """Repeat the last observed season; normal intervals that widen with every season ahead.

    Step h lies k = (h - 1) // season whole seasons after the first one, so its standard deviation is
    sigma * sqrt(k + 1), where sigma is the root mean square of the differences a season apart. Always works:
    one observation gives itself with intervals of no width.

    Source: Hyndman and Athanasopoulos, Forecasting: principles and practice, 3rd edition, 5.5.
    """
    values, season = past.values, past.season
    steps = np.arange(horizon)
    mean = last_season(values, season)[steps % season]
    sigma = seasonal_change(values, season)
    return normal_prediction(mean, sigma * np.sqrt(steps // season + 1), quantiles)


def seasonal_change(values: Floats, season: int) -> float:
    """The root mean square of the differences a season apart; 0 where none is known."""
    changes = values[season:] - values[:-season]
    known = changes[np.isfinite(changes)]
    return float(np.sqrt(np.mean(known**2))) if known.size else 0.0


def last_season(values: Floats, season: int) -> Floats:
    """The most recent observed value of each of the ``season`` places in the season, next period first.

    A place that was never observed takes the most recent value of all.

    >>> last_season(np.array([1.0, 2.0, 3.0, np.nan]), season=2)
    array([3., 2.])
    """
    empty = -len(values) % season
    seasons = np.concatenate([np.full(empty, np.nan), values]).reshape(-1, season)
    known = np.isfinite(seasons)
    latest = len(seasons) - 1 - known[::-1].argmax(axis=0)
    repeated = seasons[latest, np.arange(season)]
    result: Floats = np.where(known.any(axis=0), repeated, values[np.isfinite(values)][-1])
    return result
