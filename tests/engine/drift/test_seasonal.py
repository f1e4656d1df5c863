"""A season of another shape or length, and one that only returns."""

import numpy as np

from stepcast.engine.arrays import Floats
from stepcast.engine.drift.deseasonalized import season_of, without_season
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
