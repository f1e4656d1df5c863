"""Which model forecasts a series: the one that would have done best in its backtest."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stepcast.engine.accuracy import Sums
from stepcast.engine.backtest import Backtest, Refusals
from stepcast.engine.models import MODELS
from stepcast.engine.task import Metric, Task

__all__ = ["Choice", "choose"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# Scores this close are a tie, and the simpler model wins it.
TIE = 1e-9
# Who forecasts a series that no window can test: smoothing needs little to be sensible.
UNTESTED = "ETS"


@dataclass(frozen=True)
class Choice:
    """The chosen model of one series, every model's score (nan where it could not run), and what was odd."""

    model: str
    scores: tuple[float, ...]
    note: str


def choose(
    series: int, tested: Backtest, refusals: Refusals, task: Task, models: tuple[str, ...], known: int
) -> Choice:
    """Choose among ``task.models`` for one series by ``task.metric``, lowest first.

    ``models`` names the columns of the backtest; ``known`` is the number of observed values of the series.
    Models are compared over the same windows: those that every model that ran at all could forecast. Where
    the metric is not defined (MAPE of zeros, MASE of a history without a change) weighted quantile loss
    decides.
    """
    ran = np.isfinite(tested.predicted[series]).all(axis=(2, 3))  # (windows, models)
    able, windows = _comparable(ran, np.isfinite(tested.actual[series]).any(axis=1))
    scores = _scores(series, tested, task, able, windows, task.metric)
    notes = [_explain(models[column], refused, able[column]) for column, refused in _by_model(refusals)]

    by_simplicity = sorted(task.models, key=list(MODELS).index)
    running = [column for name in by_simplicity if able[column := models.index(name)]]
    if not running:
        name = _untested(by_simplicity, known)
        if known and not windows.any():
            notes.append(
                f"{name} was chosen untested: no backtest window has observed values before it, and only "
                "observed ones in it"
            )
        return Choice(name, tuple(scores), "; ".join(notes))
    deciding = scores
    if np.isnan(scores[running]).any() and len(running) > 1:
        deciding = _scores(series, tested, task, able, windows, "AverageWeightedQuantileLoss")
        notes.append(f"{task.metric} is not defined here: chosen by weighted quantile loss")
    lowest = min(deciding[running])
    best = next((column for column in running if deciding[column] <= lowest * (1 + TIE)), running[0])
    return Choice(models[best], tuple(scores), "; ".join(notes))


def _comparable(ran: Flags, windows: Flags) -> tuple[Flags, Flags]:
    """Which models are compared, and over which windows: at least one that all of them could forecast.

    Shapes:  ``ran`` (windows, models), ``windows`` (windows,): those with an outcome; the result (models,)
             and (windows,). Where there is no such window, models leave, those that ran least first.
    """
    counts = ran[windows].sum(axis=0)
    able = counts > 0
    while able.any() and not (common := windows & ran[:, able].all(axis=1)).any():
        able[np.where(able, counts, len(ran) + 1).argmin()] = False
    return able, common if able.any() else np.zeros_like(windows)


def _scores(series: int, tested: Backtest, task: Task, able: Flags, windows: Flags, metric: Metric) -> Floats:
    """``metric`` of each model (models,) over ``windows`` together; nan for those that are not ``able``."""
    scores = np.full(len(able), np.nan)
    actual, scale = tested.actual[series, windows], tested.scale[series, windows]
    for column in np.flatnonzero(able):
        predicted = tested.predicted[series, windows, column]
        scores[column] = Sums.of(actual, predicted, task.outputs, scale).metric(metric)
    return scores


def _by_model(refusals: Refusals) -> list[tuple[int, Refusals]]:
    """The refusals of each model that has any."""
    columns = sorted({column for _, column in refusals})
    return [(column, {key: refusals[key] for key in refusals if key[1] == column}) for column in columns]


def _explain(name: str, refusals: Refusals, able: bool) -> str:
    """Why a model is left out, or windows are."""
    refusal = next(iter(refusals.values()))
    if not able:
        return f"{refusal}: left out"
    windows = ", ".join(str(window + 1) for window, _ in refusals)
    return f"{refusal}: {name} and the others are not compared in backtest window {windows}"


def _untested(by_simplicity: list[str], known: int) -> str:
    if UNTESTED in by_simplicity and known >= MODELS[UNTESTED].needs:
        return UNTESTED
    return by_simplicity[0]
