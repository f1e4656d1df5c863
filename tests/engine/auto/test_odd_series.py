"""Series that say little, or nearly everything, or stop: what is forecast is what a person would draw."""

import numpy as np
import pytest

from stepcast.engine.auto import fit_shared, forecast, train
from stepcast.engine.auto.ensemble.stacking import stacked
from stepcast.engine.task import Task
from tests.engine.auto.panels import panel_of

TASK = Task(horizon=6)
NAN = float("nan")


def forecasts(*series: np.ndarray | list[float], frequency: str = "M", task: Task = TASK) -> np.ndarray:
    panel = panel_of(*map(np.array, series), frequency=frequency)
    return forecast(panel, task, train(panel, task, fit_shared(panel, task))).values


def quiet(months: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A trend and a season almost without noise; and how they go on."""
    time = np.arange(months + 6)
    truth = 100 + time + 20 * np.sin(time * np.pi / 6)
    noise = np.random.default_rng(seed).normal(0, 0.4, months)
    return truth[:months] + noise, truth[months:]


@pytest.mark.parametrize("months", [36, 48, 60])
@pytest.mark.parametrize("seed", range(6))
def test_months_almost_without_noise_go_on_as_they_went(months: int, seed: int) -> None:
    history, truth = quiet(months, seed)

    (found,) = forecasts(history)

    np.testing.assert_allclose(found[:, 1], truth, atol=2.5)
    assert (found[:, 2] - found[:, 0]).max() < 6


@pytest.mark.parametrize("kin", [0, 3], ids=["alone", "beside long series"])
@pytest.mark.parametrize("values", [[100.0], [100.0, 100.1], [100.0, 104, 99, 102]], ids=str)
def test_few_values_are_uncertain_about_the_next(values: list[float], kin: int) -> None:
    others = [100 + np.random.default_rng(seed).normal(0, 5, 60) for seed in range(kin)]

    found = forecasts(values, *others, frequency="Y")[0]

    widths = found[:, 2] - found[:, 0]
    assert widths[0] > (4 if len(values) == 4 else 0.5)
    assert widths[-1] >= widths[0]
    assert widths[-1] < 150


def test_stacking_never_ends_worse_than_it_began() -> None:
    """One member errs a thousand times less than the others, which err against it."""
    errors = np.array([[1.0, -1.0, 1.0], [-900.0, 1000.0, -800.0], [700.0, -900.0, 1000.0]])
    products = np.stack([errors @ errors.T / 3] * 3)
    start = np.repeat([[0.98], [0.01], [0.01]], 3, axis=1)

    weights = stacked(products, start, windows=4.0)

    for bucket in range(3):
        before, after = (w[:, bucket] @ products[bucket] @ w[:, bucket] for w in (start, weights))
        assert after <= before


def test_a_weekly_pattern_is_still_there_after_a_month_of_silence() -> None:
    """The silence of 30 days ends two days into the week."""
    week = np.array([20.0, 23, 25, 22, 17, 15, 17])
    noise = np.random.default_rng(1).normal(0, 0.3, 90)
    stopped = np.concatenate([np.resize(week, 90) + noise, np.full(30, NAN)])
    goes_on = np.resize(week, 120) + np.random.default_rng(2).normal(0, 0.3, 120)

    found, _ = forecasts(stopped, goes_on, frequency="D", task=Task(horizon=7))

    np.testing.assert_allclose(found[:, 1], np.roll(week, -(120 % 7)), atol=1.5)


def test_a_series_without_a_season_that_stops_stays_where_it_was() -> None:
    walk = 100 + np.cumsum(np.random.default_rng(3).normal(0, 1, 90))
    (found,) = forecasts(np.concatenate([walk, np.full(10, NAN)]), frequency="D", task=Task(horizon=7))

    np.testing.assert_allclose(found[:, 1], walk[-1], atol=4)


def test_a_few_points_are_forecast_near_them_and_with_a_width() -> None:
    found = forecasts([10, 12, 11, 13], [5], [5, 7], frequency="D", task=Task(horizon=3))

    for series, (low, high) in zip(found, [(10, 15), (5, 5), (5, 8)], strict=True):
        assert (series[:, 1] >= low).all()
        assert (series[:, 1] <= high).all()
        width = series[:, 2] - series[:, 0]
        assert (width > 0.2 * series[:, 1]).all()
        assert (np.diff(width) > 0).all()


def test_a_constant_stays_constant_however_few_points_there_are() -> None:
    for points in (2, 3, 4, 30):
        (found,) = forecasts([7.0] * points, frequency="D")
        np.testing.assert_allclose(found, 7.0, atol=1e-6)


def test_an_hour_that_was_not_observed_says_nothing_of_that_hour_later() -> None:
    load = np.full(480, 10.0)
    load[146] = NAN

    (found,) = forecasts(load, frequency="H", task=Task(horizon=24))

    np.testing.assert_allclose(found, 10.0, atol=1e-6)
