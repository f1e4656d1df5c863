"""One trial: how well given training parameters forecast the tuning window."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from stepcast.engine.accuracy import Sums
from stepcast.engine.arrays import Floats
from stepcast.engine.auto.series.quantile_grid import outputs_of
from stepcast.engine.backtest import Forecaster, backtest
from stepcast.engine.models.local import LocalForecaster, check_local
from stepcast.engine.neural.parameters import NEURAL
from stepcast.engine.panel import Panel
from stepcast.engine.sampling import rank_of
from stepcast.engine.task import Task

__all__ = ["Attempt", "attempt", "epochs_watched", "sample_for", "tuning_window"]

# Series that trials are judged by, of algorithms that are fitted to each: some take a second of CPU for one.
SERIES = {"ETS": 100, "ARIMA": 50}
PARTS = 20  # of the series of a trial: after each, a trial that is clearly worse than the best one ends
WATCHED_SERIES = 64  # that a network is watched by while it is trained
REDUCTION = 3  # of the networks that come so far one in so many is trained on
SHORTEST = 27  # the least share of the epochs after which a network is judged

Attempt = Callable[[Mapping[str, str], Callable[[int, float], None]], float]


def tuning_window(task: Task) -> Task:
    """The task with one window, the first in time: what is tuned on it may be judged by the later ones."""
    return replace(task, windows=1, offset=task.window_start(task.windows))


def sample_for(panel: Panel, algorithm: str) -> Panel:
    """The series that trials are judged by: those of lowest rank, in an order that is as good as random.

    A network is trained on all, in their own order, as it is afterwards: in another it would be another one.
    """
    if algorithm in NEURAL:
        return panel
    most = SERIES.get(algorithm, len(panel))
    order = sorted(range(len(panel)), key=lambda place: (rank_of(panel.ids[place]), panel.ids[place]))
    return panel.take(order[:most])


def epochs_watched(epochs: int) -> tuple[int, int, tuple[int, ...]]:
    """Hyperband's least resource and reduction, and the epochs after which a network is judged.

    >>> epochs_watched(100)
    (3, 3, (3, 9, 27, 81))
    """
    least = max(1, epochs // SHORTEST)
    watched = [least]
    while (following := watched[-1] * REDUCTION) <= epochs:
        watched.append(following)
    return least, REDUCTION, tuple(watched)


def attempt(panel: Panel, task: Task) -> Attempt:
    """A function of parameters, which are added to those of ``task``: the metric on ``tuning_window``.

    It calls its second argument with a step and the metric so far, or of a part; what that raises ends it.
    The metric is nan where nothing can be scored. Raises ForecastingError where parameters cannot be used.
    """
    whole = _network if task.algorithm in NEURAL else _each_series
    window = tuning_window(task)

    def tried(parameters: Mapping[str, str], watch: Callable[[int, float], None]) -> float:
        return whole(panel, replace(window, parameters={**task.parameters, **parameters}), watch)

    return tried


def _each_series(panel: Panel, task: Task, watch: Callable[[int, float], None]) -> float:
    check_local(task)
    total = Sums.nothing(task.outputs)
    parts = np.array_split(np.arange(len(panel)), min(PARTS, len(panel)) or 1)
    for number, rows in enumerate(parts, start=1):
        part = panel.take(rows.tolist())
        sums = _scored(part, task, LocalForecaster(task.algorithm, part, task))
        total += sums
        if np.isfinite(value := sums.metric(task.metric)):
            watch(number, value)
    return total.metric(task.metric)


def _network(panel: Panel, task: Task, watch: Callable[[int, float], None]) -> float:
    from stepcast.engine.neural.fitting import learn  # JAX
    from stepcast.engine.neural.learned import Learned
    from stepcast.engine.neural.parameters import settings_of

    settings = settings_of(task.algorithm, task.parameters, task.horizon)
    watched = epochs_watched(int(settings["epochs"]))[2]
    some = panel.take(list(range(min(WATCHED_SERIES, len(panel)))))

    def metric(part: Panel, learned: Learned) -> float:
        def forecaster(window: int, series: list[int], /) -> Floats:
            before = task.window_start(window + 1)
            return outputs_of(learned.tables(part.take(series), learned.backtest, before), task.outputs)

        return _scored(part, task, forecaster).metric(task.metric)

    def seen(epoch: int, learned: Callable[[], Learned]) -> None:
        if epoch in watched and np.isfinite(value := metric(some, learned())):
            watch(epoch, value)

    return metric(panel, learn(panel, task, seen))


def _scored(panel: Panel, task: Task, forecaster: Forecaster) -> Sums:
    tested = backtest(panel, task, {task.algorithm: forecaster})
    return Sums.of(tested.actual, tested.predicted[:, :, 0], task.outputs, tested.scale)
