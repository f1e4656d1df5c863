"""Forecasts within the bounds that people know, whichever algorithm made them.

What would lie outside lies on the bound: its probability stays, as a mass there. A mean is that of the
distribution that is cut off.
"""

from dataclasses import replace

import numpy as np

from stepcast.engine.arrays import Flags, Floats
from stepcast.engine.auto.series.quantile_grid import PROBABILITIES
from stepcast.engine.errors import ImpossibleTask
from stepcast.engine.known_bounds import bound_of
from stepcast.engine.panel import Panel
from stepcast.engine.results import Forecast, Trained, coverage_of
from stepcast.engine.seasonal_bounds import always_at, seasons_in
from stepcast.engine.task import Task

__all__ = ["kept", "kept_in_training", "limits_of", "widened"]


def limits_of(panel: Panel, task: Task) -> tuple[Floats, Floats]:
    """The lowest and the highest value of each series (series,); infinite where it has no bound.

    Raises ImpossibleTask where the panel's metadata do not hold a bound that the task takes from there, or
    where no value lies within.
    """
    low = _limit(panel, task.bounds.minimum, -np.inf)
    high = _limit(panel, task.bounds.maximum, np.inf)
    for place in np.flatnonzero(low >= high)[:1]:
        raise ImpossibleTask(
            f"{panel.ids[place]!r} has the minimum {low[place]:g} and the maximum {high[place]:g}: the "
            "minimum must be less"
        )
    return low, high


def widened(task: Task) -> Task:
    """The task with as many more quantiles as tell the mean of a distribution that is cut off."""
    if "mean" not in task.outputs:
        return task
    quantiles = sorted({*task.quantiles, *PROBABILITIES.tolist()})
    return replace(task, outputs=(*quantiles, "mean"))


def kept(panel: Panel, task: Task, made: Forecast) -> Forecast:
    """The forecast ``made`` for the ``widened`` task, within the task's bounds."""
    low, high = limits_of(panel, task)
    values = _cut(made.values, widened(task), task, low[:, None, None], high[:, None, None])
    for place in range(len(panel)):
        _put_on_bounds(values[place], _certain(panel, place, 0, task, low, high))
    return replace(made, values=values)


def kept_in_training(panel: Panel, task: Task, trained: Trained) -> Trained:
    """What was ``trained`` for the ``widened`` task, within the task's bounds.

    A window of the backtest knows those times at a bound that its own past shows.
    """
    low, high = limits_of(panel, task)
    tested, tables = trained.backtest, trained.tables
    wide = widened(task)
    predicted = _cut(
        tested.predicted, wide, task, low[:, None, None, None, None], high[:, None, None, None, None]
    )
    if tables is not None:
        every = replace(task, outputs=(*PROBABILITIES.tolist(), "mean"))
        tables = _cut(tables, every, every, low[:, None, None], high[:, None, None])
    for place in range(len(panel)):
        for window in np.flatnonzero(np.isfinite(predicted[place, :, 0, 0, 0])):
            certain = _certain(panel, place, task.window_start(int(window) + 1), task, low, high)
            for model in range(predicted.shape[2]):
                _put_on_bounds(predicted[place, window, model], certain)
        if tables is not None:
            _put_on_bounds(tables[place], _certain(panel, place, 0, task, low, high))
    tested = replace(tested, predicted=predicted)
    return replace(trained, backtest=tested, tables=tables, coverage=coverage_of(tested, task))


def _limit(panel: Panel, given: float | str | None, none: float) -> Floats:
    if not isinstance(given, str):
        return np.full(len(panel), none if given is None else given)
    if panel.metadata is None or given not in panel.metadata.names:
        known = ", ".join(map(repr, panel.metadata.names)) if panel.metadata is not None else "none"
        raise ImpossibleTask(f"the bound {given!r} is no attribute of the items' metadata; these are {known}")
    column = panel.metadata.names.index(given)
    result = np.empty(len(panel))
    for place, texts in enumerate(panel.metadata.values):
        number = bound_of(texts[column])
        if number is None:
            raise ImpossibleTask(
                f"{panel.ids[place]!r} has {given} {texts[column]!r}, which is no bound: write a number"
            )
        result[place] = number
    return result


def _cut(values: Floats, made: Task, asked: Task, low: Floats, high: Floats) -> Floats:
    """The outputs that are ``asked`` for (..., outputs) of the distributions ``made``, with what lies outside
    as masses on the bounds."""
    count = len(made.quantiles)
    quantiles = values[..., :count]
    inside = np.clip(quantiles, low, high)
    if "mean" not in asked.outputs:
        return inside
    probabilities = np.array(made.quantiles)
    between = (probabilities[1:] + probabilities[:-1]) / 2
    masses = np.diff(np.concatenate([[0.0], between, [1.0]]))
    mean = values[..., count:] + ((inside - quantiles) @ masses)[..., None]
    places = [made.quantiles.index(quantile) for quantile in asked.quantiles]
    return np.concatenate([inside[..., places], np.clip(mean, low, high)], axis=-1)


def _certain(
    panel: Panel, place: int, before: int, task: Task, low: Floats, high: Floats
) -> tuple[tuple[float, Flags], ...]:
    """Each bound of a series, and the steps at which it is reached for certain, ``before`` the end."""
    values = panel.values[place]
    past = values[: max(len(values) - before, 0)]
    seasons = seasons_in(panel.frequency, len(past))
    bounds = (float(bound) for bound in (low[place], high[place]) if np.isfinite(bound))
    return (
        tuple((bound, always_at(past, bound, seasons, task.horizon)) for bound in bounds) if seasons else ()
    )


def _put_on_bounds(values: Floats, certain: tuple[tuple[float, Flags], ...]) -> None:
    for bound, steps in certain:
        values[steps] = bound
