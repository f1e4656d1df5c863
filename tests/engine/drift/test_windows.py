"""Moves of a series are measured by its own past: what always moved so is no drift."""

import numpy as np
import pytest
from scipy import stats

from stepcast.engine.arrays import Floats
from stepcast.engine.drift.windows import even_inflation, inflation, loss_variance, moves, own_inflation

NEW = 50


def ar(again: float, items: int = 300, time: int = 1_050) -> Floats:
    random = np.random.default_rng(5)
    shocks = random.standard_normal((items, time + 100))
    for step in range(1, time + 100):
        shocks[:, step] += again * shocks[:, step - 1]
    return shocks[:, 100:]


def test_autocorrelation_is_no_drift_where_a_plain_test_says_it_is() -> None:
    series = ar(0.9)

    plain = [stats.ks_2samp(row[:-NEW], row[-NEW:]).pvalue for row in series]
    ours = moves(series, NEW, NEW, 2 * NEW).p

    assert np.mean(np.array(plain) < 0.05) > 0.5
    assert np.mean(ours < 0.05) < 0.08


@pytest.mark.parametrize("again", [0.0, 0.9])
def test_a_move_of_eight_standard_deviations_of_the_mean_is_found(again: float) -> None:
    series = ar(again)
    deviation = np.sqrt(np.var(series) * (1 + again) / (1 - again) / NEW)
    series[:, -NEW:] += 8 * deviation

    assert np.mean(moves(series, NEW, NEW, 2 * NEW).p < 0.001) > 0.95


@pytest.mark.parametrize("what", ["trend", "random walk", "constant"])
def test_what_always_moved_so_is_no_drift(what: str) -> None:
    noise = ar(0.0, items=100)
    series = {
        "trend": noise + 0.5 * np.arange(noise.shape[1]),
        "random walk": noise.cumsum(axis=1),
        "constant": np.ones_like(noise),
    }[what]

    assert np.mean(moves(series, NEW, NEW, 2 * NEW).p < 0.01) <= 0.03


def test_a_move_that_returns_each_year_is_none_unless_it_is_another_one() -> None:
    year = 200
    series = ar(0.0, items=60)
    phase = (np.arange(series.shape[1]) - (series.shape[1] - NEW)) % year
    series += 3.0 * (phase < NEW)

    again = moves(series, NEW, NEW, NEW, year).p
    missing = series.copy()
    missing[:, -NEW:] -= 3.0

    assert np.mean(again < 0.01) <= 0.05
    assert np.mean(moves(missing, NEW, NEW, NEW, year).p < 0.01) > 0.9


def test_a_short_past_and_missing_values_say_nothing() -> None:
    series = ar(0.0, items=5)
    short, silent = series[:, -2 * NEW :], series.copy()
    silent[:, -NEW:] = np.nan

    assert (moves(short, NEW, NEW, 2 * NEW).p == 1).all()
    assert (moves(silent, NEW, NEW, 2 * NEW).p == 1).all()


def test_inflation_is_that_of_an_ar_process() -> None:
    """19 values of AR(0.9) count as one, a few less in a window of 50."""
    told, _ = inflation(ar(0.9), NEW)
    own = own_inflation(ar(0.9)[:, :400], NEW)

    assert np.median(told) == pytest.approx(15.4, rel=0.15)
    assert np.median(own) == pytest.approx(15.4, rel=0.25)
    assert np.median(inflation(ar(0.0), NEW)[0]) < 1.6
    assert even_inflation(np.array([1.0]))[0] == 1


@pytest.mark.parametrize("again", [0.0, 0.9])
def test_how_losses_vary_is_told_from_the_past(again: float) -> None:
    series = ar(again, items=300, time=2_000)
    level, length = 100, 50
    told, _ = loss_variance(series[:, :1_000], length, level)
    starts = range(1_000 + level, 2_000 - length, 3 * length)
    losses = [
        np.abs(series[:, start : start + length] - series[:, start - level : start].mean(axis=1)[:, None])
        for start in starts
    ]
    true = np.log(np.stack(losses).mean(axis=2)).var(axis=0, ddof=1).mean()

    assert np.median(told) == pytest.approx(true, rel=0.3)


def test_rounding_is_no_move() -> None:
    series = np.full((20, 1_050), 0.1) + 1e-17
    series[:, -NEW:] += 1e-14

    assert (moves(series, NEW, NEW, 2 * NEW).p > 0.99).all()
