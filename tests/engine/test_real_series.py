"""Models against the yardstick on real series: those that statsmodels has, and the reference pipeline's."""

import csv
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from statsmodels import datasets

from stepcast.engine import fit_shared, train
from stepcast.engine.accuracy import Sums
from stepcast.engine.calendar import period_of
from stepcast.engine.frequency import Frequency
from stepcast.engine.panel import Panel
from stepcast.engine.results import Trained
from stepcast.engine.sampling import Draw
from stepcast.engine.task import Task
from tests.engine.given import a_panel
from tests.shared_data import shared_data

Floats = NDArray[np.float64]


def output() -> Floats:
    """Real gross domestic product of the United States, quarterly."""
    return datasets.macrodata.load_pandas().data.realgdp.to_numpy(dtype=float)


def unemployment() -> Floats:
    """Of the United States, quarterly, percent."""
    return datasets.macrodata.load_pandas().data.unemp.to_numpy(dtype=float)


def co2() -> Floats:
    """Weekly, with 59 weeks missing."""
    return datasets.co2.load_pandas().data.co2.to_numpy()


def pacific() -> Floats:
    """Sea surface temperature off Peru, monthly."""
    return datasets.elnino.load_pandas().data.set_index("YEAR").to_numpy(dtype=float).ravel()


def sunspots() -> Floats:
    """Yearly."""
    return datasets.sunspots.load_pandas().data.SUNACTIVITY.to_numpy()


def nile() -> Floats:
    """Yearly flow at Aswan."""
    return datasets.nile.load_pandas().data.volume.to_numpy(dtype=float)


def wql_over_yardstick(model: str, values: Floats, frequency: str, horizon: int) -> float:
    """The model's average wQL over five backtest windows, as a share of SeasonalNaive's."""
    task = Task(horizon=horizon, windows=5, algorithm=model)
    ours, naive = losses(train(a_panel(values, frequency=frequency), task), task)
    return ours / naive


def losses(trained: Trained, task: Task) -> list[float]:
    """Average wQL of each column of the backtest."""
    tested = trained.backtest
    columns = np.moveaxis(tested.predicted, 2, 0)
    return [Sums.of(tested.actual, column, task.outputs, tested.scale).average_wql for column in columns]


@pytest.mark.parametrize(
    ("model", "series", "frequency", "horizon"),
    [
        # Drawing from the past is right where the series returns to where it was; it cannot follow a trend.
        ("NPTS", pacific, "M", 12),
        ("NPTS", sunspots, "Y", 10),
        ("NPTS", nile, "Y", 10),
        # Smoothing follows levels and trends.
        ("ETS", co2, "W", 13),
        ("ETS", nile, "Y", 10),
        ("ETS", output, "3M", 8),
        ("ETS", unemployment, "3M", 8),
        # Autoregression follows cycles as well.
        ("ARIMA", co2, "W", 13),
        ("ARIMA", pacific, "M", 12),
        ("ARIMA", sunspots, "Y", 10),
        ("ARIMA", nile, "Y", 10),
        ("ARIMA", output, "3M", 8),
        ("ARIMA", unemployment, "3M", 8),
    ],
)
def test_a_model_beats_seasonal_naive_where_it_should(
    model: str, series: Callable[[], Floats], frequency: str, horizon: int
) -> None:
    assert wql_over_yardstick(model, series(), frequency, horizon) < 0.9


def demo_panel() -> Panel:
    """Three clients' hourly load, eleven months."""
    hourly = Frequency.parse("H")
    stamps, loads = defaultdict(list), defaultdict(list)
    with shared_data("demo/item-demand-time.csv").open() as file:
        for stamp, load, client in csv.reader(file):
            stamps[client].append(stamp)
            loads[client].append(float(load))
    periods = {c: period_of(np.array(s, dtype="datetime64[s]"), hourly) for c, s in stamps.items()}
    end = max(int(numbers.max()) for numbers in periods.values())
    series = []
    for client, numbers in periods.items():
        values = np.full(end - numbers.min() + 1, np.nan)
        values[numbers - numbers.min()] = loads[client]
        series.append(values)
    return a_panel(*series, frequency="H", end=end)


def test_the_autopredictor_beats_seasonal_naive_and_every_named_algorithm_on_the_demo() -> None:
    """Four windows of 72 hours. SeasonalNaive's wQL is .22."""
    task, panel = Task(horizon=72, windows=4), demo_panel()

    ours, naive = losses(train(panel, task, fit_shared(Draw.of(panel), task)), task)

    named = [replace(task, algorithm=name) for name in ("NPTS", "ETS", "ARIMA")]
    others = [losses(train(panel, one), one)[0] for one in named]
    assert naive == pytest.approx(0.22, abs=0.01)
    assert ours < 0.45 * naive
    assert ours < min(others)
