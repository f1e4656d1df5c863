"""Forecast the past: every model in every window, from what was known before it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stepcast.engine.accuracy import seasonal_error
from stepcast.engine.errors import CannotFit
from stepcast.engine.fitting import fit
from stepcast.engine.models import MODELS
from stepcast.engine.panel import Panel
from stepcast.engine.seasonality import usable_season
from stepcast.engine.task import Task

__all__ = ["Backtest", "Refusals", "backtest"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Integers = NDArray[np.int64]
Refusals = dict[tuple[int, int], CannotFit]  # of one series, by (window, model)


@dataclass(frozen=True)
class Backtest:
    """What was forecast for windows whose outcome is known, and the outcome.

    Window 0 is the latest. A series is left out of a window (nan everywhere) where nothing was observed
    before it or in it, or where the window has a filled value: filled values are never scored.

    ``starts``     (windows,) the number of each window's first period.
    ``actual``     (series, windows, horizon), nan where missing.
    ``predicted``  (series, windows, models, horizon, outputs), nan where a model did not run.
    ``scale``      (series, windows) MASE's denominator, from observed values before the window; nan where
                   there is none.
    ``season``     (series,) the season that scale and models used in the latest window; earlier windows fall
                   back to 1 where less than two seasons lie before them.
    """

    starts: Integers
    actual: Floats
    predicted: Floats
    scale: Floats
    season: Integers


def backtest(panel: Panel, task: Task, models: tuple[str, ...]) -> tuple[Backtest, tuple[Refusals, ...]]:
    """Run ``models`` over the task's windows; why a model did not run is in the refusals, one dict a series.

    Nothing at or after a window's start reaches the models, and no other series does.
    """
    shape = (len(panel), task.windows)
    actual = np.full((*shape, task.horizon), np.nan)
    predicted = np.full((*shape, len(models), task.horizon, len(task.outputs)), np.nan)
    scale = np.full(shape, np.nan)
    season = np.ones(len(panel), dtype=np.int64)
    refusals: tuple[Refusals, ...] = tuple({} for _ in panel.values)
    for series, (values, observed) in enumerate(zip(panel.values, panel.observed, strict=True)):
        for window in range(task.windows):
            before = task.window_start(window + 1)
            cut = len(values) - before
            if cut <= 0 or not np.isfinite(values[:cut]).any():
                continue
            history, seen = values[:cut], observed[:cut]
            length = cut - int(np.isfinite(history).argmax())
            periods = usable_season(panel.frequency, length)
            if window == 0:
                season[series] = periods
            scale[series, window] = seasonal_error(np.where(seen, history, np.nan), periods)
            outcome = _outcome(values[cut : cut + task.horizon], observed[cut : cut + task.horizon])
            if not np.isfinite(outcome).any():
                continue
            actual[series, window] = outcome
            for column, name in enumerate(models):
                try:
                    predicted[series, window, column] = fit(
                        MODELS[name],
                        history,
                        seen,
                        panel.end - before,
                        panel.frequency,
                        task.horizon,
                        task.outputs,
                        task.parameters,
                    )
                except CannotFit as refusal:
                    refusals[series][window, column] = refusal
    starts = np.array([panel.end - task.window_start(window + 1) + 1 for window in range(task.windows)])
    return Backtest(starts, actual, predicted, scale, season), refusals


def _outcome(values: Floats, observed: Flags) -> Floats:
    """What can be scored: the observed values, or nothing where one was filled in."""
    known = np.isfinite(values)
    if (known & ~observed).any():
        return np.full(len(values), np.nan)
    return np.where(known, values, np.nan)
