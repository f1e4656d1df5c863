"""Forecast the past: in every window, from what was known before it."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from stepcast.engine.arrays import Flags, Floats
from stepcast.engine.losses import seasonal_error
from stepcast.engine.panel import Panel
from stepcast.engine.results import Backtest
from stepcast.engine.seasonality import usable_season
from stepcast.engine.task import Task

__all__ = ["Forecaster", "backtest"]


class Forecaster(Protocol):
    """Forecasts in a window, 0 the latest, from what was known before it.

    ``series`` are positions in the panel; the result is (series, horizon, outputs).
    """

    def __call__(self, window: int, series: list[int], /) -> Floats: ...


def backtest(panel: Panel, task: Task, forecasters: Mapping[str, Forecaster]) -> Backtest:
    """Score ``forecasters``, by name, in the task's windows: the columns of the result, in their order.

    Each is asked for the series that have a past and an outcome there, or, with ``every_window``, a past.
    Filled values are never scored.
    """
    shape = (len(panel), task.windows)
    actual = np.full((*shape, task.horizon), np.nan)
    predicted = np.full((*shape, len(forecasters), task.horizon, len(task.outputs)), np.nan)
    scale = np.full(shape, np.nan)
    season = np.ones(len(panel), dtype=np.int64)
    whole = np.zeros(shape, dtype=bool)
    for window in range(task.windows):
        forecast = []
        for series, (values, observed) in enumerate(zip(panel.values, panel.observed, strict=True)):
            cut = len(values) - task.window_start(window + 1)
            if cut <= 0 or not np.isfinite(values[:cut]).any():
                continue
            periods = usable_season(panel.frequency, cut - int(np.isfinite(values[:cut]).argmax()))
            if window == 0:
                season[series] = periods
            scale[series, window] = seasonal_error(np.where(observed[:cut], values[:cut], np.nan), periods)
            inside = slice(cut, cut + task.horizon)
            outcome, unfilled = _outcome(values[inside], observed[inside])
            if np.isfinite(outcome).any():
                actual[series, window], whole[series, window] = outcome, unfilled
            elif not task.every_window:
                continue
            forecast.append(series)
        for column, forecaster in enumerate(forecasters.values()):
            predicted[forecast, window, column] = forecaster(window, forecast)
    starts = np.array([panel.end - task.window_start(window + 1) + 1 for window in range(task.windows)])
    return Backtest(starts, actual, predicted, scale, season, whole)


def _outcome(values: Floats, observed: Flags) -> tuple[Floats, bool]:
    """What can be scored, nan where nothing was observed; and whether no value was filled in."""
    known = np.isfinite(values)
    return np.where(known & observed, values, np.nan), not (known & ~observed).any()
