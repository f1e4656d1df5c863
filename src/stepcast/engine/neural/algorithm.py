"""The neural algorithms as the engine's door calls them: trained once on a sample, forecast anywhere."""

from importlib.util import find_spec

import numpy as np

from stepcast.engine import archive
from stepcast.engine.arrays import Floats
from stepcast.engine.auto.series.quantile_grid import outputs_of
from stepcast.engine.backtest import Forecaster, backtest
from stepcast.engine.errors import ImpossibleTask, MissingPackage
from stepcast.engine.models import SEASONAL_NAIVE
from stepcast.engine.models.local import LocalForecaster
from stepcast.engine.neural.learned import Learned
from stepcast.engine.neural.parameters import settings_of
from stepcast.engine.panel import Panel
from stepcast.engine.results import Explanation, Forecast, Trained, coverage_of
from stepcast.engine.sampling import Draw
from stepcast.engine.task import Task

__all__ = ["check_installed", "fit_shared", "forecast", "train"]

EXTRA, PACKAGES = "neural", ("jax", "optax")


def check_installed(algorithm: str) -> None:
    """Raises MissingPackage where the extra of the networks is not installed."""
    for package in PACKAGES:
        if find_spec(package) is None:
            raise MissingPackage(algorithm, package, EXTRA)


def fit_shared(draw: Draw, task: Task) -> bytes:
    """The weights: for the backtest of what lies before it, for the forecast of all that is known.

    Raises BadParameter, MissingPackage without JAX, and ImpossibleTask where there is too little to learn.
    """
    settings_of(task.algorithm, task.parameters, task.horizon)
    check_installed(task.algorithm)
    from stepcast.engine.neural.fitting import learn

    return archive.to_bytes(learn(draw.sample, task))


def train(panel: Panel, task: Task, shared: bytes, /) -> Trained:
    """Forecast and backtest every series with what ``fit_shared`` gave; NumPy is all it takes."""
    learned = archive.from_bytes(Learned, shared)
    tables = learned.tables(panel, learned.final, 0)

    def from_window(window: int, series: list[int], /) -> Floats:
        before = task.window_start(window + 1)
        return outputs_of(learned.tables(panel.take(series), learned.backtest, before), task.outputs)

    forecasters: dict[str, Forecaster] = {
        task.algorithm: from_window,
        SEASONAL_NAIVE.name: LocalForecaster(SEASONAL_NAIVE.name, panel, task),
    }
    tested = backtest(panel, task, forecasters)
    words = tuple(_explain(values, learned, task) for values in panel.values)
    return Trained(tuple(forecasters), tested, words, coverage_of(tested, task), tables)


def forecast(panel: Panel, task: Task, trained: Trained) -> Forecast:
    """Read off what the task asks for."""
    if trained.tables is None or len(trained.tables) != len(panel):
        raise ImpossibleTask(
            f"{len(panel)} series are to be forecast but others were trained: train the same series"
        )
    values = outputs_of(trained.tables, task.outputs)
    return Forecast(values, (task.algorithm,) * len(panel), trained.explanations)


def _explain(values: Floats, learned: Learned, task: Task) -> Explanation:
    known = int(np.isfinite(values).sum())
    note = "" if known else "no value was observed; level and scale are those of similar items"
    season = learned.shape.season
    return Explanation(((task.algorithm, 1.0),), (), (season,) if season > 1 else (), note)
