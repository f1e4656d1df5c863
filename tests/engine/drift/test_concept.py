"""Forecasts that miss by more than they did."""

import numpy as np
import pytest

from stepcast.engine.arrays import Floats
from stepcast.engine.drift.concept import coverage_p, loss_p, page_hinkley
from stepcast.engine.drift.outcomes import Outcomes, outcomes

QUANTILES = (0.1, 0.5, 0.9)
NORMAL = np.array([-1.2816, 0.0, 1.2816])


def of(actual: Floats) -> Outcomes:
    """Beside a forecast that is right for the standard normal."""
    return outcomes(actual, np.broadcast_to(NORMAL, (*actual.shape, 3)), QUANTILES)


def noise(seed: int, items: int = 400, time: int = 80) -> Floats:
    return np.random.default_rng(seed).standard_normal((items, time))


ONE, SURE = np.ones(400), np.full(400, 99.0)


def test_errors_are_in_standard_deviations_of_their_own_side() -> None:
    skewed = np.array([[[0.0, 10.0, 40.0]]])

    up = outcomes(np.array([[40.0]]), skewed, QUANTILES)
    down = outcomes(np.array([[0.0]]), skewed, QUANTILES)

    assert up.error[0, 0] == pytest.approx(1.2816, abs=1e-3)
    assert down.error[0, 0] == pytest.approx(-1.2816, abs=1e-3)
    assert (up.missed[0, 0], down.missed[0, 0]) == (0, 0)


def test_a_count_forecast_of_no_width_is_no_error_where_it_is_right() -> None:
    zero = np.zeros((1, 2, 3))

    found = outcomes(np.array([[0.0, 3.0]]), zero, QUANTILES)

    assert found.error.tolist() == [[0.0, 4.0]]
    assert found.missed.tolist() == [[0.0, 1.0]]


def test_what_was_not_observed_or_not_forecast_is_not_counted() -> None:
    forecast = np.broadcast_to(NORMAL, (1, 2, 3)).copy()
    forecast[0, 1] = np.nan

    found = outcomes(np.array([[np.nan, 0.0]]), forecast, QUANTILES)

    assert np.isnan(found.error).all()
    assert np.isnan(found.missed).all()
    assert np.isnan(found.loss).all()


def test_page_hinkley_keeps_its_level_and_finds_a_bias_that_begins() -> None:
    quiet = noise(1)
    shifted = quiet.copy()
    shifted[:, 40:] += 1.2

    assert np.mean(page_hinkley(of(quiet).error, ONE, SURE)[1] < 0.05) < 0.06
    assert np.mean(page_hinkley(of(shifted).error, ONE, SURE)[1] < 0.01) > 0.9


def test_coverage_that_falls_is_found_and_that_was_always_low_is_not() -> None:
    wide, narrow = noise(2) * 2, noise(3) * 2

    assert np.mean(coverage_p(of(wide), of(noise(4)), ONE, SURE)[1] < 0.01) > 0.9
    assert np.mean(coverage_p(of(wide), of(narrow), ONE, SURE)[1] < 0.01) < 0.03
    assert np.mean(coverage_p(of(noise(5)), of(noise(6)), ONE, SURE)[1] < 0.01) < 0.03


def test_outcomes_that_are_alike_count_less() -> None:
    wide = of(noise(2) * 1.6)

    alone = coverage_p(wide, of(noise(4)), ONE, SURE)[1]
    alike = coverage_p(wide, of(noise(4)), 8 * ONE, SURE)[1]

    assert np.mean(alike < 0.01) < 0.5 * np.mean(alone < 0.01)


def test_the_loss_now_is_compared_with_the_backtests() -> None:
    """The mean of 80 losses of a normal forecast varies by a twelfth of itself."""
    variance = ONE / 144
    ratio, p = loss_p(of(noise(7) * 2), of(noise(8)), variance, SURE)
    _, none = loss_p(of(noise(9)), of(noise(8)), variance, SURE)

    assert np.median(ratio) == pytest.approx(2.4, rel=0.15)
    assert np.mean(p < 0.01) > 0.9
    assert np.mean(none < 0.01) < 0.03
