"""Algorithms that fit a named model to each series by itself; SeasonalNaive stands in where that fails."""

from collections import defaultdict
from importlib.util import find_spec

import numpy as np

from stepcast.engine.arrays import Floats
from stepcast.engine.backtest import backtest
from stepcast.engine.errors import BadParameter, ImpossibleTask, MissingPackage
from stepcast.engine.models import MODELS
from stepcast.engine.models.fallback import STAND_IN, fit_or_fall_back
from stepcast.engine.panel import Panel
from stepcast.engine.results import Explanation, Forecast, Trained, coverage_of
from stepcast.engine.sampling import Draw
from stepcast.engine.seasonality import usable_season
from stepcast.engine.task import Task

__all__ = ["LocalForecaster", "check_local", "fit_shared", "forecast", "train"]


class LocalForecaster:
    """The model called ``name`` in backtest windows; ``notes`` (series,) say where SeasonalNaive stood in."""

    def __init__(self, name: str, panel: Panel, task: Task) -> None:
        self._name, self._panel, self._task = name, panel, task
        self._refusals: dict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))

    def __call__(self, window: int, series: list[int], /) -> Floats:
        panel, task = self._panel, self._task
        before = task.window_start(window + 1)
        result = np.empty((len(series), task.horizon, len(task.outputs)))
        for row, index in enumerate(series):
            past = slice(len(panel.values[index]) - before)
            result[row], refusal = fit_or_fall_back(
                self._name,
                panel.values[index][past],
                panel.observed[index][past],
                panel.end - before,
                panel.frequency,
                task,
            )
            if refusal:
                self._refusals[index][refusal].append(window)
        return result

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(
            "; ".join(_stood_in(why, windows) for why, windows in self._refusals[index].items())
            for index in range(len(self._panel))
        )


def fit_shared(draw: Draw, task: Task) -> bytes:  # noqa: ARG001  # what every algorithm has
    """Nothing: each series is fitted by itself."""
    return b""


def train(panel: Panel, task: Task, shared: bytes = b"") -> Trained:  # noqa: ARG001  # the same
    """Backtest the task's model; the forecast fits it again, to all of the history.

    A model that cannot fit a series is no error: SeasonalNaive stands in for it.
    """
    check_local(task)
    forecasters = {name: LocalForecaster(name, panel, task) for name in (task.algorithm, STAND_IN)}
    tested = backtest(panel, task, forecasters)
    words = tuple(Explanation((), (), (), note) for note in forecasters[task.algorithm].notes)
    return Trained(tuple(forecasters), tested, words, coverage_of(tested, task))


def forecast(panel: Panel, task: Task, trained: Trained) -> Forecast:
    """Fit the task's model to all of each history; a series without a single value is forecast as zero."""
    check_local(task)
    if len(trained.explanations) != len(panel):
        raise ImpossibleTask(
            f"{len(panel)} series are to be forecast but {len(trained.explanations)} were trained: train the "
            "same series"
        )
    values = np.zeros((len(panel), task.horizon, len(task.outputs)))
    models, words = [], []
    for series, (history, observed) in enumerate(zip(panel.values, panel.observed, strict=True)):
        known = np.isfinite(history)
        if not known.any():
            models.append(STAND_IN)
            words.append(Explanation((), (), (), "no value was observed, so the forecast is zero"))
            continue
        values[series], refusal = fit_or_fall_back(
            task.algorithm, history, observed, panel.end, panel.frequency, task
        )
        used = STAND_IN if refusal else task.algorithm
        notes = [f"{refusal}, so {used} was used" if refusal else "", trained.explanations[series].note]
        season = usable_season(panel.frequency, len(history) - int(known.argmax()))
        seasons = (season,) if season > 1 else ()
        models.append(used)
        words.append(Explanation(((used, 1.0),), (), seasons, "; ".join(filter(None, notes))))
    return Forecast(values, tuple(models), tuple(words))


def check_local(task: Task) -> None:
    """Raises MissingPackage or BadParameter where the task's model cannot run as it is asked to."""
    model = MODELS[task.algorithm]
    if model.package and find_spec(model.package) is None:
        raise MissingPackage(model.name, model.package)
    for key, value in task.parameters.items():
        if key not in model.parameters:
            taken = ", ".join(sorted(model.parameters)) or "no parameters"
            raise BadParameter(key, value, f"{model.name} takes {taken}")


def _stood_in(why: str, windows: list[int]) -> str:
    numbers = ", ".join(str(window + 1) for window in windows)
    return f"{why}, so {STAND_IN} was used in backtest window {numbers}"
