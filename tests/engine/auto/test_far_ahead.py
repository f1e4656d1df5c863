"""Far ahead, over long cycles and after breaks: what a series has shown is believed, near and far."""

import numpy as np
import pytest

from stepcast import engine
from stepcast.engine.arrays import Floats
from stepcast.engine.auto.series.origins import origins_of
from stepcast.engine.auto.series.seasons import Seasons
from stepcast.engine.frequency import Frequency
from stepcast.engine.panel import Panel
from stepcast.engine.sampling import Draw
from stepcast.engine.task import Task

MEDIAN = 1


def forecast(series: list[Floats], frequency: str, horizon: int, end: int = 500_000) -> Floats:
    """(series, horizon, outputs) of p10, p50 and p90."""
    panel = Panel(
        ids=tuple(f"item {number}" for number in range(len(series))),
        values=tuple(series),
        observed=tuple(np.isfinite(one) for one in series),
        end=end,
        frequency=Frequency.parse(frequency),
    )
    task = Task(horizon)
    trained = engine.train(panel, task, engine.fit_shared(Draw.of(panel), task))
    return engine.forecast(panel, task, trained).values


@pytest.mark.slow
def test_far_ahead_old_times_are_looked_at_too() -> None:
    week = Seasons(24, 168, 168)

    near, far = (origins_of(10_000, horizon, week, 0, 30) for horizon in (100, 480))

    assert near[0] > 9_000
    assert far[0] == 10_000 - 1 - 6_666
    assert (far > 9_000).sum() >= 20
    assert origins_of(3_000, 480, week, 0, 30)[0] > 2_000  # too little to spare


def test_asking_for_more_does_not_make_the_first_steps_worse() -> None:
    draw = np.random.default_rng(1)
    time = np.arange(2206)
    rhythms = [8 * np.sin(2 * np.pi * time / 24 + k) + 4 * ((time // 24) % 7 < 5) for k in range(4)]
    series = [60 + one + 0.6 * np.cumsum(draw.standard_normal(2206)) for one in rhythms]
    truth = np.stack([one[2200:] for one in series])

    near, far = (
        np.abs(forecast([one[:2200] for one in series], "H", horizon)[:, :6, MEDIAN] - truth).mean()
        for horizon in (12, 600)
    )

    assert far < 1.15 * near


@pytest.mark.slow
def test_a_week_of_five_minutes_is_known_from_two_on() -> None:
    """A working week, from Saturday noon on: a day before says nothing of Sunday or Monday."""
    day, draw = 288, np.random.default_rng(0)
    length = 4 * 7 * day + int(5.5 * day)
    time = np.arange(length + int(2.5 * day))
    hours, works = (time % day) / day, (time // day) % 7 < 5
    loads = [
        works * (15 + size * np.clip(np.sin(np.pi * (hours - 0.25) / 0.6), 0, None)) for size in (20, 26)
    ]
    series = [
        draw.poisson(load * np.exp(0.1 * draw.standard_normal(len(time)))).astype(float) for load in loads
    ]
    # periods are counted from 1970, a Thursday
    end = 7 * day * 2800 + 4 * day + length - 1

    found = forecast([one[:length] for one in series], "5min", int(2.5 * day), end)

    truth = np.stack([one[length:] for one in series])
    week_ago = np.stack([one[length - 7 * day :][: truth.shape[1]] for one in series])
    assert np.abs(found[..., MEDIAN] - truth).sum() < np.abs(week_ago - truth).sum()
    covered = (found[..., 0] <= truth) & (truth <= found[..., -1])
    assert covered.mean() > 0.74
    assert (found[..., -1] > 0)[truth > 0].all()


@pytest.mark.slow
@pytest.mark.parametrize("since", [24, 400])
def test_a_load_that_has_fallen_stays_down(since: int) -> None:
    """For two hours, when the members do not know it yet, and for a day, when past values do not."""
    draw, time = np.random.default_rng(3), np.arange(4032 + 288)
    series = [
        60 + 6 * np.sin(2 * np.pi * time / 288) + 1.5 * draw.standard_normal(len(time)) for _ in range(3)
    ]
    for one in series:
        one[4032 - since :] /= 5

    found = forecast([one[:4032] for one in series], "5min", 288)

    truth = np.stack([one[4032:] for one in series])
    assert np.abs(found[..., MEDIAN] - truth).mean() < 1  # 35 and 17 where the fall is not believed
    assert ((found[..., 0] <= truth) & (truth <= found[..., -1])).mean() > 0.65


@pytest.mark.slow
@pytest.mark.parametrize("since", [2, 6])
def test_a_jump_of_all_series_is_no_trend(since: int) -> None:
    """Two days of it are doubted, and the interval says so; of a week, six are enough."""
    draw, time = np.random.default_rng(since), np.arange(150 + 28)
    week = 60 + 2 * np.sin(2 * np.pi * time / 7)
    series = week + draw.standard_normal((10, len(time)))  # as many as trees are grown of
    series[:, 150 - since :] -= 12 + np.arange(10)[:, None] / 3

    found = forecast(list(series[:, :150]), "D", 28)

    truth = series[:, 150:]
    assert ((found[..., 0] <= truth) & (truth <= found[..., -1])).mean() > 0.7
    if since == 6:
        error, last = (np.abs(one - truth).mean() for one in (found[..., MEDIAN], series[:, 149:150]))
        assert error < 1.3 * last
