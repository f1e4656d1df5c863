"""How wide the quantiles must be is read off windows that were held back."""

from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.auto.series.covariates import CovariateEncoder
from stepcast.engine.auto.series.quantile_grid import PROBABILITIES
from stepcast.engine.auto.sources.trees import NORMAL
from stepcast.engine.frequency import Frequency
from stepcast.engine.neural.fitting import Trainer
from stepcast.engine.neural.grid import grid_of
from stepcast.engine.neural.shape import Shape, shape_of
from stepcast.engine.neural.training import Origins, Schedule
from stepcast.engine.neural.windows import columns_of
from tests.engine.given import a_panel

HORIZON, LENGTH = 10, 60


@dataclass(frozen=True)
class HalfAsWide:
    """Forecasts the normal distribution with half of its spread."""

    shape: Shape

    def forecast(self, _weights: Any, _columns: Any, rows: Integers, *_: Integers) -> Floats:
        quantiles = np.append(NORMAL / 2, 0.0)
        return np.broadcast_to(quantiles, (len(rows), HORIZON, len(PROBABILITIES) + 1))


def width(*series: Floats) -> float:
    panel = a_panel(*series)
    encoder = CovariateEncoder((), (), (), (), (), (), ())
    shape = shape_of(Frequency.parse("M"), LENGTH, HORIZON, 12)
    grid = grid_of(panel, encoder, LENGTH, HORIZON)
    held = Origins(np.arange(len(series)), np.full(len(series), LENGTH - HORIZON))
    schedule = Schedule(epochs=1, batches=1, batch=1, rate=0.1, patience=1)
    columns, network = columns_of(grid, shape, encoder), cast(Any, HalfAsWide(shape))
    return Trainer("LSTM", schedule, range(1), grid, columns, encoder).width(network, [{}], held)[0]


def test_quantiles_that_are_too_narrow_are_widened_whatever_series_of_zeros_there_are() -> None:
    random = np.random.default_rng(3)
    noise = [random.standard_normal(LENGTH) for _ in range(60)]

    assert 1.5 <= width(*noise) <= 2.5
    assert width(*noise, *(np.zeros(LENGTH) for _ in range(20))) == width(*noise)
    assert width(*(np.zeros(LENGTH) for _ in range(20))) == 1.0
