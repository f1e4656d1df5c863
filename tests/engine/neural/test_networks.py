"""Whole networks: NumPy forecasts with what JAX trains, and the losses are what they should be."""

from collections.abc import Callable

import numpy as np
import pytest

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.auto.series.covariates import CovariateEncoder, fit_encoder
from stepcast.engine.auto.series.quantile_grid import PROBABILITIES
from stepcast.engine.losses import pinball_loss
from stepcast.engine.neural.compilation import rounded_up, with_room
from stepcast.engine.neural.grid import grid_of
from stepcast.engine.neural.layers import Maker, conv_to_last, lstm
from stepcast.engine.neural.network import Network, network_of
from stepcast.engine.neural.parameters import settings_of
from stepcast.engine.neural.shape import Shape, shape_of
from stepcast.engine.neural.windows import Columns, columns_of, last_before, outcomes_at, windows_at
from stepcast.engine.panel import Panel
from stepcast.engine.task import Task
from tests.engine.given import a_panel, monthly

HORIZON, CONTEXT = 3, 8
CHANGES = "Deep_AR_Plus of changes"
ROWS, ORIGINS = np.array([0, 1, 2]), np.array([30, 25, 36])


@pytest.fixture(scope="module")
def panel() -> Panel:
    gaps = monthly(40, 1)
    gaps[[20, 23, 26]] = np.nan
    return a_panel(monthly(40), gaps, np.concatenate([[np.nan] * 9, monthly(30, 2)]))


def network(name: str, panel: Panel) -> tuple[Network, Shape, Columns]:
    encoder: CovariateEncoder = fit_encoder(panel, Task(HORIZON))
    algorithm, _, changes = name.partition(" of ")
    shape = shape_of(panel.frequency, 40, HORIZON, CONTEXT, "change" if changes else "level")
    grid = grid_of(panel, encoder, 40, HORIZON)
    settings = settings_of(algorithm, {}, HORIZON)
    made = network_of(algorithm, settings, shape, grid.own.shape[2], grid.shared.shape[1], ())
    return made, shape, columns_of(grid, shape, encoder)


@pytest.mark.parametrize("name", ["CNN-QR", "Deep_AR_Plus", CHANGES, "LSTM"])
def test_numpy_and_jax_agree_on_the_loss_of_each_window(name: str, panel: Panel) -> None:
    import jax

    made, _, columns = network(name, panel)
    weights = made.weights(1)

    own = made.loss(weights, columns, ROWS, ORIGINS)
    its = jax.jit(made.loss)(weights, columns, ROWS, ORIGINS)

    np.testing.assert_allclose(own, its, rtol=1e-5)


@pytest.mark.parametrize("name", ["CNN-QR", "LSTM"])
def test_the_loss_is_the_mean_pinball_loss_of_what_is_forecast(name: str, panel: Panel) -> None:
    made, shape, columns = network(name, panel)
    weights = made.weights(1)
    windows = windows_at(columns, shape, ROWS, ORIGINS)
    actual, known = outcomes_at(columns, shape, ROWS, ORIGINS)
    assert known.sum() == 8  # one is missing

    table = made.forecast(weights, columns, ROWS, ORIGINS, ROWS)[..., :-1]
    error = (actual[..., None] - table) / windows.scale[:, None, None]
    each = np.where(known, pinball_loss(error, PROBABILITIES).mean(axis=-1), 0.0)

    np.testing.assert_allclose(
        made.loss(weights, columns, ROWS, ORIGINS), each.sum(axis=1) / known.sum(axis=1), rtol=1e-4
    )


@pytest.mark.parametrize("name", ["CNN-QR", "Deep_AR_Plus", CHANGES, "LSTM"])
def test_room_for_later_changes_no_window(name: str, panel: Panel) -> None:
    made, _, columns = network(name, panel)
    weights = made.weights(1)
    wide = with_room(columns)
    assert wide.values.shape == (rounded_up(3), rounded_up(columns.values.shape[1])) != columns.values.shape

    def forecast(columns: Columns) -> Floats:
        return made.forecast(weights, columns, ROWS, ORIGINS, ROWS)

    np.testing.assert_array_equal(forecast(wide), forecast(columns))


def test_changes_are_forecast_whatever_the_level_and_are_added_to_the_last_value(panel: Panel) -> None:
    made, _, columns = network(CHANGES, panel)
    weights = made.weights(1)
    higher = columns._replace(values=np.where(columns.known, columns.values + 1000.0, 0.0))

    own, its = (made.forecast(weights, one, ROWS, ORIGINS, ROWS) for one in (columns, higher))
    np.testing.assert_allclose(its, own + 1000.0, rtol=1e-9)
    np.testing.assert_allclose(
        made.loss(weights, higher, ROWS, ORIGINS), made.loss(weights, columns, ROWS, ORIGINS), rtol=1e-5
    )


def test_a_total_goes_on_over_missing_values_by_its_mean_change() -> None:
    panel = a_panel([*range(0, 70, 2), *[np.nan] * 5], [np.nan] * 40)
    _, shape, columns = network(CHANGES, panel)

    last = last_before(columns, shape, np.array([0, 1]), np.array([40, 40]))

    np.testing.assert_allclose(last, [78.0, 0.0])


def convolved(weights: dict[str, Floats], x: Floats) -> Floats:
    return conv_to_last(weights, "layer", x, 2)


def remembered(weights: dict[str, Floats], x: Floats) -> Floats:
    return lstm(weights, "layer", x, 2)[:, -1]


@pytest.mark.parametrize("layer", [convolved, remembered])
def test_gradients_are_differences(layer: Callable[[dict[str, Floats], Floats], Floats]) -> None:
    """Of the sum of squares of the last output, by every weight, in double precision for the differences."""
    import jax
    import jax.numpy as jnp

    make = Maker(2)
    if layer is convolved:
        make.dense("layer0", 2 * 3, 2)
        make.dense("layer1", 2 * 2, 2)
    else:
        make.lstm("layer", 3, 2)
    x = np.random.default_rng(0).normal(size=(2, 4, 3))
    weights = {name: array.astype("f8") for name, array in make.weights.items()}

    def loss(weights: dict[str, Floats], x: Floats) -> Floats:
        total: Floats = (layer(weights, x) ** 2).sum()
        return total

    found = jax.jit(jax.grad(loss))(jax.tree.map(jnp.asarray, make.weights), jnp.asarray(x))

    for name, array in weights.items():
        differences = np.empty(array.shape)
        for place in np.ndindex(array.shape):
            above, below = ({**weights, name: changed(array, place, by)} for by in (1e-5, -1e-5))
            differences[place] = (loss(above, x) - loss(below, x)) / 2e-5
        np.testing.assert_allclose(found[name], differences, rtol=1e-3, atol=1e-5)


def changed(array: Floats, place: tuple[int, ...] | Integers, by: float) -> Floats:
    made = array.copy()
    made[place] += by
    return made
