"""Forecast the past: a named model in every window, from what was known before it."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from stepcast.engine.arrays import Flags, Floats, Integers
from stepcast.engine.fallback import fit_or_fall_back
from stepcast.engine.losses import seasonal_error
from stepcast.engine.models import SEASONAL_NAIVE
from stepcast.engine.panel import Panel
from stepcast.engine.seasonality import usable_season
from stepcast.engine.task import Task

__all__ = ["Backtest", "backtest", "outcome_of"]


@dataclass(frozen=True)
class Backtest:
    """What was forecast for windows whose outcome is known, and the outcome.

    Window 0 is the latest. A series is left out of a window (nan everywhere) where nothing was observed
    before it or in it. Filled values are never scored.

    ``starts``     (windows,) the number of each window's first period.
    ``actual``     (series, windows, horizon), nan where not observed.
    ``predicted``  (series, windows, models, horizon, outputs).
    ``scale``      (series, windows) MASE's denominator, from observed values before the window; nan where
                   there is none.
    ``season``     (series,) the season that scale and models used in the latest window; earlier windows fall
                   back to 1 where less than two seasons lie before them.
    ``whole``      (series, windows) whether the window has no filled value: only then the service tests.
    """

    starts: Integers
    actual: Floats
    predicted: Floats
    scale: Floats
    season: Integers
    whole: Flags


def backtest(panel: Panel, task: Task, models: tuple[str, ...]) -> tuple[Backtest, tuple[str, ...]]:
    """Run ``models`` over the task's windows; the notes (series,) say where SeasonalNaive had to stand in.

    Nothing at or after a window's start reaches the models, and no other series does.
    """
    shape = (len(panel), task.windows)
    actual = np.full((*shape, task.horizon), np.nan)
    predicted = np.full((*shape, len(models), task.horizon, len(task.outputs)), np.nan)
    scale = np.full(shape, np.nan)
    season = np.ones(len(panel), dtype=np.int64)
    whole = np.zeros(shape, dtype=bool)
    notes = []
    for series, (values, observed) in enumerate(zip(panel.values, panel.observed, strict=True)):
        refusals: dict[str, list[int]] = defaultdict(list)
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
            inside = slice(cut, cut + task.horizon)
            outcome, unfilled = outcome_of(values[inside], observed[inside])
            if not np.isfinite(outcome).any():
                continue
            actual[series, window], whole[series, window] = outcome, unfilled
            for column, name in enumerate(models):
                predicted[series, window, column], refusal = fit_or_fall_back(
                    name, history, seen, panel.end - before, panel.frequency, task
                )
                if refusal:
                    refusals[refusal].append(window)
        notes.append("; ".join(_stood_in(why, windows) for why, windows in refusals.items()))
    starts = np.array([panel.end - task.window_start(window + 1) + 1 for window in range(task.windows)])
    return Backtest(starts, actual, predicted, scale, season, whole), tuple(notes)


def outcome_of(values: Floats, observed: Flags) -> tuple[Floats, bool]:
    """What can be scored, nan where nothing was observed; and whether no value was filled in."""
    known = np.isfinite(values)
    return np.where(known & observed, values, np.nan), not (known & ~observed).any()


def _stood_in(why: str, windows: list[int]) -> str:
    numbers = ", ".join(str(window + 1) for window in windows)
    return f"{why}: {SEASONAL_NAIVE.name} stood in for it in backtest window {numbers}"
