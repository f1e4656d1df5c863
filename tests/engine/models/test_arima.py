import numpy as np
import pytest

from stepcast.engine.errors import CannotFit
from stepcast.engine.models.arima import arima
from stepcast.engine.models.arima_orders import Wanted, level_test, promising_orders, seasonal_strength
from tests.engine.given import a_past, monthly

NORMAL_90 = 1.2815515655446004


def autoregression(weight: float, count: int, seed: int = 0) -> np.ndarray:
    shocks = np.random.default_rng(seed).normal(size=count)
    values = np.zeros(count)
    for time in range(1, count):
        values[time] = weight * values[time - 1] + shocks[time]
    return values


def test_an_autoregression_returns_to_its_mean_at_its_own_pace() -> None:
    """AR(1) with weight 0.8 and shocks of 1: deviations ahead are sqrt(1 + .64 + .64^2 + ...)."""
    values = 50 + autoregression(0.8, 1000)

    prediction = arima(a_past(values, frequency="Y"), 6, (0.9,), {})

    assert prediction.mean == pytest.approx(50 + (values[-1] - 50) * 0.8 ** np.arange(1, 7), abs=0.5)
    deviation = (prediction.quantiles[:, 0] - prediction.mean) / NORMAL_90
    assert deviation == pytest.approx(np.sqrt(np.cumsum(0.64 ** np.arange(6))), rel=0.1)


def test_a_random_walk_stays_where_it_is() -> None:
    walk = np.cumsum(np.random.default_rng(3).normal(size=500))

    prediction = arima(a_past(walk, frequency="Y"), 9, (0.9,), {})

    assert prediction.mean == pytest.approx(np.full(9, walk[-1]), abs=1.5)
    deviation = (prediction.quantiles[:, 0] - prediction.mean) / NORMAL_90
    assert deviation == pytest.approx(np.sqrt(np.arange(1, 10)), rel=0.25)


def test_a_steady_climb_goes_on() -> None:
    climb = 2.0 * np.arange(60) + np.random.default_rng(0).normal(scale=0.5, size=60)

    prediction = arima(a_past(climb, frequency="Y"), 5, (0.5,), {})

    assert prediction.mean == pytest.approx(2.0 * np.arange(60, 65), abs=1.5)


def test_months_have_their_season() -> None:
    prediction = arima(a_past(monthly(120)), 12, (0.1, 0.9), {})

    truth = 100 + 20 * np.sin(2 * np.pi * np.arange(120, 132) / 12)
    assert prediction.mean == pytest.approx(truth, abs=5)


def test_a_gap_is_stepped_over() -> None:
    """A missing end makes the forecast longer, not wrong: it continues the same wave."""
    values = monthly(132)
    values[40:46] = np.nan
    values[126:] = np.nan

    prediction = arima(a_past(values), 6, (0.1, 0.9), {})

    truth = 100 + 20 * np.sin(2 * np.pi * np.arange(132, 138) / 12)
    assert prediction.mean == pytest.approx(truth, abs=6)


def test_only_recent_history_is_fitted() -> None:
    """Hours from before the last six weeks change nothing: that is what bounds the cost."""
    hours = np.arange(24 * 7 * 10)
    load = 10 + np.sin(2 * np.pi * hours / 24) + np.random.default_rng(0).normal(scale=0.3, size=len(hours))
    other = load.copy()
    other[: 24 * 7 * 3] *= 5

    ours, others = (arima(a_past(one, frequency="H"), 4, (0.5,), {}) for one in (load, other))

    assert ours.mean.tolist() == others.mean.tolist()


def test_a_gap_longer_than_what_is_fitted_is_refused() -> None:
    """A clock that stopped a year ago has no hours to fit."""
    values = np.concatenate([np.random.default_rng(0).normal(size=100), np.full(9000, np.nan)])

    with pytest.raises(CannotFit, match="the last 1008 values are missing"):
        arima(a_past(values, frequency="H"), 2, (0.5,), {})


def test_alike_values_leave_nothing_to_estimate() -> None:
    with pytest.raises(CannotFit, match="all values are equal"):
        arima(a_past([3.0] * 30), 2, (0.5,), {})


def test_what_wanders_is_differenced_and_what_does_not_is_not() -> None:
    noise = np.random.default_rng(0).normal(size=200)

    assert promising_orders(noise, 1, 1)[0].d == 0
    assert promising_orders(np.cumsum(noise), 1, 1)[0].d == 1
    assert promising_orders(np.cumsum(np.cumsum(noise)), 1, 1)[0].d == 2


def test_a_strong_season_is_differenced() -> None:
    assert promising_orders(monthly(120), 12, 1)[0].seasonal_d == 1
    assert promising_orders(np.random.default_rng(0).normal(size=120), 12, 1)[0].seasonal_d == 0


def test_the_right_order_is_among_the_promising() -> None:
    orders = promising_orders(autoregression(0.8, 1000), 1, 3)

    assert (1, 0, 0) in [(order.p, order.d, order.q) for order in orders]


def test_too_few_values_for_a_regression_leave_the_plain_order() -> None:
    order = promising_orders(np.array([1.0, 2.0, 1.0]), 1, 3)[0]

    assert order.weights == 0


def test_the_season_explains_all_of_a_pure_season_and_little_of_noise() -> None:
    assert seasonal_strength(np.tile([1.0, 5.0, 2.0, 8.0], 10), 4) == pytest.approx(1)
    assert seasonal_strength(np.random.default_rng(0).normal(size=400), 4) < 0.1


def test_the_level_test_is_the_mean_square_of_the_running_sum() -> None:
    """Deviations -1, 1, -1, 1 run up to -1, 0, -1, 0: 2 / 4^2, over a variance of 1."""
    assert level_test(np.array([0.0, 2.0, 0.0, 2.0])) == pytest.approx(0.125)


def test_orders_can_be_asked_for() -> None:
    values = autoregression(0.8, 200)

    asked = promising_orders(values, 1, 5, Wanted(p=1, d=2))
    assert {(order.p, order.d) for order in asked} == {(1, 2)}
    assert len({order.q for order in asked}) > 1
    (largest,) = promising_orders(values, 1, 1, Wanted(p=3, d=0, q=3))  # more than are chosen together
    assert (largest.p, largest.d, largest.q) == (3, 0, 3)
    walk = arima(a_past(values, frequency="Y"), 3, (0.5,), {"p": "0", "d": "1", "q": "0"})
    assert walk.mean == pytest.approx(values[-1], abs=0.2)
