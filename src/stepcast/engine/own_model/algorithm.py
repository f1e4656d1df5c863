"""A model of the user's own as the engine's door calls it."""

from stepcast.engine import archive
from stepcast.engine.arrays import Floats
from stepcast.engine.auto.series.quantile_grid import outputs_of
from stepcast.engine.backtest import Forecaster, backtest
from stepcast.engine.models import SEASONAL_NAIVE
from stepcast.engine.models.local import LocalForecaster
from stepcast.engine.neural.algorithm import forecast
from stepcast.engine.own_model.fitting import learn
from stepcast.engine.own_model.learned import Learned
from stepcast.engine.own_model.runtime import runtime_of
from stepcast.engine.panel import Panel
from stepcast.engine.results import Explanation, Trained, coverage_of
from stepcast.engine.sampling import Draw
from stepcast.engine.task import Task

__all__ = ["fit_shared", "forecast", "train"]


def fit_shared(draw: Draw, task: Task) -> bytes:
    """The model's file, trained further where it is compiled; see ``learn`` for what is raised."""
    return archive.to_bytes(learn(draw.sample, task))


def train(panel: Panel, task: Task, shared: bytes, /) -> Trained:
    """Forecast and backtest every series with what ``fit_shared`` gave; it takes the model's framework."""
    learned = archive.from_bytes(Learned, shared)
    runtime = runtime_of(task.algorithm)
    earlier = runtime.open(learned.backtest.tobytes())
    tables = learned.tables(panel, runtime.open(learned.final.tobytes()), 0)

    def from_window(window: int, series: list[int], /) -> Floats:
        before = task.window_start(window + 1)
        return outputs_of(learned.tables(panel.take(series), earlier, before), task.outputs)

    forecasters: dict[str, Forecaster] = {
        task.algorithm: from_window,
        SEASONAL_NAIVE.name: LocalForecaster(SEASONAL_NAIVE.name, panel, task),
    }
    tested = backtest(panel, task, forecasters)
    words = tuple(_explain(values, task) for values in panel.values)
    return Trained(tuple(forecasters), tested, words, coverage_of(tested, task), tables)


def _explain(values: Floats, task: Task) -> Explanation:
    note = (
        "" if (values == values).any() else "no value was observed; level and scale are those of other items"
    )
    return Explanation(((task.algorithm, 1.0),), (), (), note)
