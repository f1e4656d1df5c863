"""Errors spread as widely as is usual at their phase of the season."""

import numpy as np
import pytest

from stepcast.engine.auto import fit_shared, forecast, train
from stepcast.engine.auto.ensemble.seasonal_spread import FEWEST, seasonal_spread
from stepcast.engine.auto.series.quantile_grid import PROBABILITIES
from stepcast.engine.auto.series.seasons import Seasons
from stepcast.engine.frequency import Frequency
from stepcast.engine.panel import Panel
from stepcast.engine.task import Task

DAY, WEEK = 24, 168


def quiet_nights(days: int, seed: int) -> np.ndarray:
    """Hours of a mean of 50, with a noise of 1 at night and 10 in the day."""
    hour = np.arange(days * DAY) % DAY
    return 50 + np.random.default_rng(seed).normal(0, 1, days * DAY) * np.where(hour < 12, 1.0, 10.0)


def test_sizes_are_those_of_the_changes_at_each_phase() -> None:
    spread = seasonal_spread(quiet_nights(60, 1), Seasons(DAY, 0))

    assert spread is not None
    assert spread[12:].mean() / spread[:12].mean() == pytest.approx(7.5, abs=1.5)  # 10, shrunk
    assert spread.mean() == pytest.approx(1)


def test_a_phase_of_the_week_is_shrunk_to_that_of_the_day() -> None:
    """Three weeks tell little of each hour of the week, and much of each hour of the day."""
    spread = seasonal_spread(quiet_nights(21, 2), Seasons(DAY, WEEK, WEEK))

    assert spread is not None
    assert len(spread) == WEEK
    by_day = spread.reshape(7, DAY)
    assert (by_day[:, :12].max(axis=1) < by_day[:, 12:].min(axis=1)).all()


def test_far_cycles_count_by_slots_and_gaps_are_left_out() -> None:
    values = np.tile(np.random.default_rng(3).normal(0, 1, 2016), 4)
    values[2016:] += np.where(np.arange(3 * 2016) % 2016 < 1008, 0.0, np.arange(3 * 2016) // 2016 + 1.0)
    with_gaps = np.where(np.arange(len(values)) % 7 == 3, np.nan, values)

    for one in (values, with_gaps):
        spread = seasonal_spread(one, Seasons(288, 0, 2016))
        assert spread is not None
        assert spread[:1008].max() < 0.8 < 1.2 < spread[1008:].min()
        assert len(np.unique(spread[:6])) == 1


def test_what_never_changed_spreads_alike_and_without_cycles_nothing_is_known() -> None:
    assert seasonal_spread(np.ones(100), Seasons(7, 0)) == pytest.approx(1.0)
    assert seasonal_spread(np.arange(7.0 * FEWEST - 1), Seasons(7, 0)) is None
    assert seasonal_spread(np.arange(100.0), Seasons(1, 0)) is None


def test_intervals_are_narrow_in_quiet_hours() -> None:
    values = tuple(quiet_nights(40, 10 + seed) for seed in range(4))
    observed = tuple(np.ones(len(one), bool) for one in values)
    panel = Panel(tuple("abcd"), values, observed, 480_000, Frequency.parse("H"))
    task = Task(horizon=DAY, outputs=tuple(PROBABILITIES.tolist()))
    shared = fit_shared(panel, task)

    table = forecast(panel, task, train(panel, task, shared)).values

    low, high = (np.abs(PROBABILITIES - one).argmin() for one in (0.1, 0.9))
    width = (table[..., high] - table[..., low]).mean(axis=0)
    assert shared.final.prior.seasonal > 0
    assert width[:12].mean() < 6 < 20 < width[12:].mean()  # 2.6 and 26 are right
