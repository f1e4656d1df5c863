"""Train on a panel, forecast a panel: what the pipeline calls."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from stepcast.engine.backtest import Backtest, backtest
from stepcast.engine.choice import choose
from stepcast.engine.errors import BadParameter, CannotFit, ImpossibleTask, MissingPackage, UnknownModel
from stepcast.engine.fitting import fit
from stepcast.engine.models import MODELS, SEASONAL_NAIVE
from stepcast.engine.panel import Panel
from stepcast.engine.task import Task

__all__ = ["Backtest", "Forecast", "Trained", "forecast", "train"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Trained:
    """What the backtest says about every series.

    ``models``    the columns: the task's models, and SeasonalNaive as the yardstick if not among them.
    ``chosen``    (series,) the model that each series is to be forecast with.
    ``scores``    (series, models) the task's metric over the series' windows; nan where a model did not run.
    ``notes``     (series,) "", or why a model or a window was left out.
    ``backtest``  the forecasts and outcomes behind the scores.
    """

    models: tuple[str, ...]
    chosen: tuple[str, ...]
    scores: Floats
    notes: tuple[str, ...]
    backtest: Backtest


@dataclass(frozen=True)
class Forecast:
    """``values`` (series, horizon, outputs) with outputs as the task has them; always finite, quantiles rise.

    ``models``  (series,) the model that was really used.
    ``notes``   (series,) "", or why it is not the chosen one.
    """

    values: Floats
    models: tuple[str, ...]
    notes: tuple[str, ...]


def train(panel: Panel, task: Task) -> Trained:
    """Backtest the task's models on every series and choose one for each.

    A series is judged on its own: any part of a panel gives the same result as the whole.
    Raises: ForecastingError where the task cannot be done. A model that cannot fit a series is no error.
    """
    _check(task)
    models = task.models if SEASONAL_NAIVE.name in task.models else (*task.models, SEASONAL_NAIVE.name)
    tested, refusals = backtest(panel, task, models)
    known = [int((np.isfinite(v) & o).sum()) for v, o in zip(panel.values, panel.observed, strict=True)]
    choices = [
        choose(series, tested, refusals[series], task, models, known[series]) for series in range(len(panel))
    ]
    return Trained(
        models=models,
        chosen=tuple(choice.model for choice in choices),
        scores=np.array([choice.scores for choice in choices]).reshape(len(panel), len(models)),
        notes=tuple(choice.note for choice in choices),
        backtest=tested,
    )


def forecast(panel: Panel, task: Task, chosen: Sequence[str]) -> Forecast:
    """Forecast every series with its ``chosen`` model, fitted to all of its history.

    Where that model cannot be fitted, the next simpler of the task's models takes over, in the end
    SeasonalNaive. A series without a single value is forecast as zero.
    Raises: ForecastingError where the task cannot be done, or ``chosen`` does not belong to the panel.
    """
    _check(task)
    if len(chosen) != len(panel):
        raise ImpossibleTask(
            f"there are {len(panel)} series and {len(chosen)} chosen models: give one for each"
        )
    for name in chosen:
        if name not in MODELS:
            raise UnknownModel(name, MODELS)
    values = np.zeros((len(panel), task.horizon, len(task.outputs)))
    used, notes = [], []
    for series, name in enumerate(chosen):
        values[series], model, note = _forecast_one(panel, task, series, name)
        used.append(model)
        notes.append(note)
    return Forecast(values, tuple(used), tuple(notes))


def _forecast_one(panel: Panel, task: Task, series: int, chosen: str) -> tuple[Floats, str, str]:
    """The forecast of one series (horizon, outputs), the model that made it, and why if it is another one."""
    history, observed = panel.values[series], panel.observed[series]
    reasons = []
    for name in _line_of_succession(chosen, task):
        try:
            values = fit(
                MODELS[name],
                history,
                observed,
                panel.end,
                panel.frequency,
                task.horizon,
                task.outputs,
                task.parameters,
            )
        except CannotFit as refusal:
            reasons.append(str(refusal))
            continue
        return values, name, "; ".join([*reasons, f"{name} took over"]) if reasons else ""
    zeros = np.zeros((task.horizon, len(task.outputs)))
    return zeros, SEASONAL_NAIVE.name, "no value was observed: the forecast is zero"


def _line_of_succession(chosen: str, task: Task) -> list[str]:
    """``chosen``, then the simpler ones of the task's models, then SeasonalNaive, which fits anything."""
    names = list(MODELS)
    simpler = [name for name in reversed(names[: names.index(chosen)]) if name in task.models]
    return list(dict.fromkeys([chosen, *simpler, SEASONAL_NAIVE.name]))


def _check(task: Task) -> None:
    """Raise ForecastingError where ``task`` contradicts itself."""
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
    if not task.models or len(set(task.models)) < len(task.models):
        raise ImpossibleTask(f"models are {task.models}: name one or more, each once")
    for name in task.models:
        if name not in MODELS:
            raise UnknownModel(name, MODELS)
        if (package := MODELS[name].package) and find_spec(package) is None:
            raise MissingPackage(name, package)
    allowed = frozenset[str]().union(*(MODELS[name].parameters for name in task.models))
    for key, value in task.parameters.items():
        if key not in allowed:
            names = " and ".join(task.models)
            raise BadParameter(
                key, value, f"{names} takes " + (", ".join(sorted(allowed)) or "no parameters")
            )
