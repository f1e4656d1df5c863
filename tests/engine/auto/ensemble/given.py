"""Cross-validations of a few members whose errors are known."""

from typing import Any

import numpy as np

from stepcast.engine.auto.ensemble.cross_validation import CrossValidation
from stepcast.engine.auto.series.seasons import Seasons

Floats = np.ndarray


def outcomes(values: Floats, origins: Floats, horizon: int) -> Floats:
    """What came after each of the origins (origins, horizon), nan after the last value."""
    padded = np.concatenate([values, np.full(horizon, np.nan)])
    return padded[origins[:, None] + np.arange(horizon)]


def a_validation(
    values: object, errors: object, origins: object, horizon: int, /, **more: Any
) -> CrossValidation:
    """Members whose forecasts are too high by ``errors`` (members, ...); after the last value it is held.

    Shapes:  ``values`` (time,); ``errors`` come as (members,) or as (members, origins, horizon).
    """
    series, places = np.array(values, float), np.array(origins)
    actual = outcomes(series, places, horizon)
    short = np.array(errors, float)
    short = short.reshape(short.shape + (1,) * (3 - short.ndim))
    forecasts = np.where(np.isfinite(actual), actual, series[-1]) + short * np.ones_like(actual)
    names = tuple(f"member-{number}" for number in range(len(short)))
    more.setdefault("values", series)
    return CrossValidation(Seasons(1, 0), names, places, forecasts, actual, None, **more)
