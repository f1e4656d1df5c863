"""Train on a panel, forecast a panel, with one named algorithm."""

from importlib.util import find_spec
from itertools import pairwise

import numpy as np

from stepcast.engine.backtest import backtest
from stepcast.engine.errors import BadParameter, ImpossibleTask, MissingPackage, UnknownModel
from stepcast.engine.fallback import fit_or_fall_back
from stepcast.engine.models import MODELS, SEASONAL_NAIVE
from stepcast.engine.panel import Panel
from stepcast.engine.results import Explanation, Forecast, Trained, coverage_of
from stepcast.engine.seasonality import usable_season
from stepcast.engine.task import Task

__all__ = ["forecast", "train"]


def train(panel: Panel, task: Task) -> Trained:
    """Backtest the task's algorithm on every series, beside SeasonalNaive.

    A series is judged on its own: any part of a panel gives the same result as the whole.
    Raises: ForecastingError where the task cannot be done. An algorithm that cannot fit a series is no error:
    SeasonalNaive stands in for it.
    """
    name = _checked(task)
    models = tuple(dict.fromkeys((name, SEASONAL_NAIVE.name)))
    tested, notes = backtest(panel, task, models)
    words = tuple(Explanation((), (), (), note) for note in notes)
    return Trained(models, tested, words, coverage_of(tested, task))


def forecast(panel: Panel, task: Task, trained: Trained) -> Forecast:
    """Forecast every series with the task's algorithm, fitted to all of its history, or with SeasonalNaive.

    A series without a single value is forecast as zero.
    Raises: ForecastingError where the task cannot be done, or ``trained`` does not belong to the panel.
    """
    name = _checked(task)
    if len(trained.explanations) != len(panel):
        raise ImpossibleTask(
            f"{len(panel)} series are to be forecast, {len(trained.explanations)} were trained: train these"
        )
    values = np.zeros((len(panel), task.horizon, len(task.outputs)))
    models, words = [], []
    for series, (history, observed) in enumerate(zip(panel.values, panel.observed, strict=True)):
        known = np.isfinite(history)
        if not known.any():
            models.append(SEASONAL_NAIVE.name)
            words.append(Explanation((), (), (), "no value was observed: the forecast is zero"))
            continue
        values[series], refusal = fit_or_fall_back(name, history, observed, panel.end, panel.frequency, task)
        used = SEASONAL_NAIVE.name if refusal else name
        notes = [f"{refusal}: {used} took over" if refusal else "", trained.explanations[series].note]
        season = usable_season(panel.frequency, len(history) - int(known.argmax()))
        seasons = (season,) if season > 1 else ()
        models.append(used)
        words.append(Explanation(((used, 1.0),), (), seasons, "; ".join(filter(None, notes))))
    return Forecast(values, tuple(models), tuple(words))


def _checked(task: Task) -> str:
    """The algorithm that ``task`` names. Raises ForecastingError where the task contradicts itself."""
    if task.horizon < 1 or task.windows < 1:
        raise ImpossibleTask(
            f"horizon is {task.horizon} and windows is {task.windows}: both must be 1 or more"
        )
    if task.offset and task.offset < task.horizon:
        raise ImpossibleTask(
            f"the backtest window offset is {task.offset}, less than the horizon {task.horizon}: the latest "
            f"window would end after the data; write {task.horizon} or more, or 0 for the horizon"
        )
    quantiles = task.quantiles
    rising = all(left < right for left, right in pairwise(quantiles))
    if not task.outputs or not rising or not all(0 < quantile < 1 for quantile in quantiles):
        raise ImpossibleTask(
            f"outputs are {task.outputs}: write quantiles between 0 and 1 that rise, or mean"
        )
    if task.outputs not in (quantiles, (*quantiles, "mean")):
        raise ImpossibleTask(f"outputs are {task.outputs}: mean comes last, and once")
    if task.algorithm is None:
        raise ImpossibleTask("no algorithm is named: name one, or use the AutoPredictor (engine.auto)")
    if task.algorithm not in MODELS:
        raise UnknownModel(task.algorithm, MODELS)
    if (package := MODELS[task.algorithm].package) and find_spec(package) is None:
        raise MissingPackage(task.algorithm, package)
    allowed = MODELS[task.algorithm].parameters
    for key, value in task.parameters.items():
        if key not in allowed:
            taken = ", ".join(sorted(allowed)) or "no parameters"
            raise BadParameter(key, value, f"{task.algorithm} takes {taken}")
    return task.algorithm
