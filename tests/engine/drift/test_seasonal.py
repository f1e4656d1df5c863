"""A season of another shape or length, and one that only returns."""

import numpy as np

from stepcast.engine.arrays import Floats
from stepcast.engine.drift.deseasonalized import flattened, season_of, without_season, without_year
from stepcast.engine.drift.seasonal import dominant_length, season_p

LENGTH, CYCLES, NEW = 24, 40, 96


def hourly(moved: int = 0, items: int = 200) -> Floats:
    """A daily wave with noise half its size, moved by so many hours in the last four days."""
    random = np.random.default_rng(3)
    hours = np.arange(LENGTH * CYCLES)
    wave = np.sin(2 * np.pi * hours / LENGTH)
    wave[-NEW:] = np.sin(2 * np.pi * (hours[-NEW:] + moved) / LENGTH)
    return wave + 0.5 * random.standard_normal((items, len(hours)))


def test_a_season_that_returns_is_no_drift_and_one_that_moves_is() -> None:
    same, moved = hourly(), hourly(moved=4)

    assert np.mean(season_p(season_of(same, NEW, LENGTH))[1] < 0.01) < 0.03
    assert np.mean(season_p(season_of(moved, NEW, LENGTH))[1] < 0.01) > 0.95


def test_a_longer_season_is_known_by_its_length() -> None:
    hours = np.arange(240)
    noise = 0.3 * np.random.default_rng(1).standard_normal((50, 240))

    assert np.mean(dominant_length(np.sin(2 * np.pi * hours / 24) + noise, 60) == 24) > 0.5
    found = dominant_length(np.sin(2 * np.pi * hours / 12) + noise, 60)
    assert np.mean(np.abs(found - 12) <= 1) > 0.9
    assert np.mean(dominant_length(noise, 60) == 0) < 1  # noise may look like anything, and must not fail


def test_what_is_left_without_a_season_is_noise() -> None:
    left = without_season(hourly(), NEW, (LENGTH,))

    assert left.std() < 0.55


def weeks(moved: int, items: int = 200) -> Floats:
    """Counts of less than one a day with a week in them, which moves in the last nine weeks."""
    random = np.random.default_rng(4)
    week = np.array([0.1, 0.2, 0.4, 0.8, 1.3, 1.6, 0.9])
    now = np.arange(7 * 150)
    rate = np.where(now < len(now) - 63, week[now % 7], np.roll(week, moved)[now % 7])
    return random.poisson(rate, (items, len(now))).astype(float)


def test_a_moved_week_of_rare_counts_is_found_by_what_is_left_of_its_shape() -> None:
    same, moved = (season_of(flattened(weeks(by), 63), 63, 7) for by in (0, 3))

    share, p, which = season_p(moved)

    assert np.mean(p < 0.001) > 0.9
    assert (which[p < 0.001] == 0).mean() > 0.9
    assert np.median(share) < 0
    assert np.mean(season_p(same)[1] < 0.01) < 0.03


def test_a_season_that_grows_with_its_level_is_as_large_as_it_was() -> None:
    """In proportion: on a scale that is straight near the level, it would seem to grow."""
    random = np.random.default_rng(5)
    now = np.arange(LENGTH * CYCLES)
    level = np.exp(2 * now / len(now))
    series = level * (1 + 0.4 * np.sin(2 * np.pi * now / LENGTH)) * random.normal(1, 0.1, (200, len(now)))

    p = season_p(season_of(flattened(series, NEW), NEW, LENGTH))[1]

    assert np.mean(p < 0.01) < 0.03


def test_what_comes_each_year_is_gone_without_the_year_and_what_is_new_stays() -> None:
    year, new = 50, 20
    series = np.tile(np.arange(year, dtype=float), 4)[None, : 3 * year + new].copy()
    series[:, -new:] += 7

    left = without_year(series, new, year)

    assert np.allclose(left[:, :-new], 0)
    assert np.allclose(left[:, -new:], 7)


def test_what_was_not_observed_is_as_it_always_was() -> None:
    """A third of all values are missing, and half of the new days."""
    series = hourly()
    series[np.random.default_rng(6).random(series.shape) < 0.3] = np.nan
    series[:, -NEW // 2 :] = np.nan

    assert np.mean(season_p(season_of(series, NEW, LENGTH))[1] < 0.01) < 0.03
