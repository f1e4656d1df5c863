"""Bounds that people know: kept by every output of every algorithm, in forecasts and in backtests."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from stepcast import engine
from stepcast.engine.arrays import Floats
from stepcast.engine.errors import ImpossibleTask
from stepcast.engine.known_bounds import Bounds
from stepcast.engine.panel import Metadata, Panel
from stepcast.engine.sampling import Draw
from stepcast.engine.seasonal_bounds import always_at
from stepcast.engine.task import AUTO, Outputs, Task
from tests.engine.given import a_panel, monthly

OUTPUTS: Outputs = (0.05, 0.5, 0.95, "mean")
DARK = np.r_[0:6, 19:24]  # hours


def solar(days: int, seed: int = 0) -> Floats:
    """Hours of a plant of 10 kW: zero at night, clouds by day."""
    chance = np.random.default_rng(seed)
    hours = np.arange(24 * days) % 24
    light = np.clip(np.sin((hours - 5) / 13 * np.pi), 0, None)
    light[np.isin(hours, DARK)] = 0
    clouds = np.repeat(chance.beta(2, 1, days), 24) * chance.uniform(0.6, 1, len(hours))
    result: Floats = 10 * light * clouds
    return result


def shares(count: int, seed: int) -> Floats:
    """Percentages that are close to 100 and often there."""
    chance = np.random.default_rng(seed)
    result: Floats = np.minimum(100, 97 + 3 * np.sin(np.arange(count) / 2) + chance.normal(0, 2, count))
    return result


def made(panel: Panel, task: Task) -> tuple[Floats, Floats]:
    """The forecast, and the backtest of the algorithm itself."""
    trained = engine.train(panel, task, engine.fit_shared(Draw.of(panel), task))
    return engine.forecast(panel, task, trained).values, trained.backtest.predicted[:, :, 0]


@pytest.mark.parametrize("algorithm", [AUTO, "ETS", "NPTS"])
def test_no_output_of_any_algorithm_leaves_the_bounds(algorithm: str) -> None:
    panel = a_panel(shares(60, 1), shares(60, 2))
    task = Task(horizon=6, outputs=tuple(OUTPUTS), algorithm=algorithm, bounds=Bounds(90, 100))

    for values in made(panel, task):
        assert values.min() >= 90
        assert values.max() <= 100
        assert (np.diff(values[..., :3]) >= 0).all()


def test_what_would_lie_beyond_lies_on_the_bound_and_counts_in_the_mean() -> None:
    panel = a_panel(shares(60, 1), shares(60, 2))
    free = Task(horizon=6, outputs=tuple(OUTPUTS), algorithm="ETS")

    (without, _), (within, _) = (
        made(panel, task) for task in (free, replace(free, bounds=Bounds(None, 100)))
    )

    assert without[..., 2].max() > 100
    assert (within[..., 2] == np.minimum(without[..., 2], 100)).all()
    cut = without[..., 2] > 100
    assert (within[..., 3][cut] < without[..., 3][cut]).all()


def test_a_series_has_the_bound_that_its_metadata_hold() -> None:
    panel = replace(
        a_panel(monthly(48), monthly(48, seed=1)),
        metadata=Metadata(("site", "capacity"), (("north", "110"), ("south", "101.5"))),
    )
    task = Task(horizon=12, outputs=(0.1, 0.99), algorithm="ETS", bounds=Bounds(0, "capacity"))

    values, _ = made(panel, task)

    assert values[0].max() == 110
    assert values[1].max() == 101.5


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        (Bounds(5, 5), "the minimum must be less"),
        (Bounds(None, float("nan")), "write a finite number"),
        (Bounds(0, "size"), "'size' is no attribute of the items' metadata; these are 'capacity'"),
        (Bounds(0, "capacity"), "'s0' has capacity 'ten', which is no bound: write a number"),
    ],
)
def test_bounds_that_cannot_hold_are_refused(bounds: Bounds, said: str) -> None:
    panel = replace(a_panel(monthly(24)), metadata=Metadata(("capacity",), (("ten",),)))
    task = Task(horizon=2, algorithm="SeasonalNaive", bounds=bounds)

    with pytest.raises(ImpossibleTask, match=said):
        engine.train(panel, task)


@pytest.mark.parametrize("algorithm", [AUTO, "SeasonalNaive"])
def test_nights_of_a_solar_plant_are_zero_without_width_and_days_are_not(algorithm: str) -> None:
    panel = a_panel(solar(30), solar(30, seed=1), frequency="H", end=24 * 30 - 1)
    task = Task(horizon=48, algorithm=algorithm, bounds=Bounds(0, 10))

    for values in made(panel, task):
        by_hour = values.reshape(-1, 48, 3)
        dark = np.isin(np.arange(48) % 24, DARK)
        assert (by_hour[:, dark] == 0).all()
        assert (np.ptp(by_hour[:, 10:16], axis=-1) > 0).all()


@pytest.mark.parametrize(
    ("day", "days", "change", "certain"),
    [
        ([0, 0, 0, 5, 9, 4], 20, {}, [True, True, True, False, False, False]),
        ([0, 0, 0, 5, 9, 4], 6, {}, [False] * 6),  # too few days
        (
            [0, 0, 0, 5, 9, 4],
            20,
            {1: 0.1},
            [True, False, True, False, False, False],
        ),  # never again for certain
        ([0, 0, 0, 0, 0, 0], 20, {}, [False] * 6),  # a dead series proves nothing
        ([0, 0, np.nan, 5, 9, 4], 20, {}, [True, True, False, False, False, False]),
    ],
)
def test_a_time_is_at_its_bound_only_if_it_always_was(
    day: Sequence[float], days: int, change: dict[int, float], certain: list[bool]
) -> None:
    values = np.array([*day] * days, dtype=np.float64)
    for place, value in change.items():
        values[place] = value

    assert always_at(values, 0.0, [6], horizon=6).tolist() == certain


def test_rare_sales_are_zero_by_chance_and_not_by_the_calendar() -> None:
    sold = (np.random.default_rng(0).random(7 * 20) < 0.03) * 5.0
    sundays = np.where(np.arange(7 * 20) % 7 == 6, 0.0, 5.0)

    assert not always_at(sold, 0.0, [7], horizon=14).any()
    assert always_at(sundays, 0.0, [7], horizon=14).tolist() == ([False] * 6 + [True]) * 2


def test_hours_that_the_sunrise_may_reach_within_the_horizon_stay_open() -> None:
    rises = 9 - np.arange(40) // 8  # an hour earlier every eight days
    days = np.arange(24) >= rises[:, None]
    values = np.where(days & (np.arange(24) < 18), 5.0, 0.0).ravel()

    certain = always_at(values, 0.0, [24], horizon=24 * 8)

    assert not certain.reshape(8, 24)[:, 4:19].any()
    assert certain.reshape(8, 24)[:, [0, 1, 2, 20, 22, 23]].all()
