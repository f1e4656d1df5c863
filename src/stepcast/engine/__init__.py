"""Forecasting: a panel of series in, quantile arrays out. Knows nothing of AWS, files or params.json.

    shared = engine.fit_shared(draw, task)            once, on a bounded sample of all series
    trained = engine.train(panel, task, shared)       any part of the series
    forecast = engine.forecast(panel, task, trained)  the same part

The task names the algorithm; ``algorithms`` lists them.
"""

from typing import TYPE_CHECKING

from stepcast.engine.algorithms import algorithm_of
from stepcast.engine.task import Task

if TYPE_CHECKING:  # light functions, which have no NumPy, import the engine too
    from stepcast.engine.panel import Panel
    from stepcast.engine.results import Forecast, Trained
    from stepcast.engine.sampling import Draw

__all__ = ["fit_shared", "forecast", "train"]


def fit_shared(draw: "Draw", task: Task) -> bytes:
    """What every series is forecast with, learned from ``draw``; empty if each is fitted by itself.

    The same draw and task give the same. Raises ForecastingError where the task cannot be done.
    """
    return algorithm_of(task).method.fit_shared(draw, task)


def train(panel: "Panel", task: Task, shared: bytes = b"") -> "Trained":
    """Fit to every series of ``panel``, and backtest in the task's windows next to SeasonalNaive.

    ``shared`` is what ``fit_shared`` gave for the same task. The result for a series depends on its own
    history and on ``shared``: any part of a panel gives what the whole gives. No window sees what it or a
    later one holds. Raises ForecastingError where the task cannot be done.
    """
    method = algorithm_of(task).method
    if not task.bounds:
        return method.train(panel, task, shared)
    from stepcast.engine.keeping import kept_in_training, widened  # NumPy

    return kept_in_training(panel, task, method.train(panel, widened(task), shared))


def forecast(panel: "Panel", task: Task, trained: "Trained") -> "Forecast":
    """The outputs that ``task`` asks for, for the periods after the end of the ``panel`` that was trained on.

    Every value is finite and within the task's bounds, and quantiles rise. Raises ForecastingError where
    another panel was ``trained``.
    """
    method = algorithm_of(task).method
    if not task.bounds:
        return method.forecast(panel, task, trained)
    from stepcast.engine.keeping import kept, widened  # NumPy

    return kept(panel, task, method.forecast(panel, widened(task), trained))
