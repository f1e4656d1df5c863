"""The usual course of a cycle, from many of it."""

import numpy as np
import pytest

from stepcast.engine.auto.members.profiles import MOST, NAMES, RECENT, profiles
from stepcast.engine.auto.series.seasons import SLOTS, Seasons

WEEKS = Seasons(7, 0, 7)
DRAW = np.random.default_rng(4)


def test_a_profile_is_the_median_of_the_last_26_of_each_phase() -> None:
    values = DRAW.normal(10, 3, 300)

    names, made = profiles(values, WEEKS, np.array([290, 300]), 10)

    assert names == NAMES
    for place, origin in enumerate((290, 300)):
        expected = [np.median(values[origin - 7 + step % 7 :: -7][:MOST]) for step in range(10)]
        assert made[0, place] == pytest.approx(expected)


def test_the_level_of_the_last_values_is_added_for_good_or_fading() -> None:
    values = np.tile(np.arange(7.0), 40)
    values[-RECENT:] += 5

    _, made = profiles(values, WEEKS, np.array([280]), 14)

    plain, moved, fading = made[:, 0]
    assert plain == pytest.approx(np.tile(np.arange(7.0), 2))
    assert moved - plain == pytest.approx(np.full(14, 5.0))
    assert (np.diff(fading - plain) < 0).all()
    assert 0 < fading[-1] - plain[-1] < 1


def test_one_odd_cycle_is_not_repeated() -> None:
    values = np.tile(np.arange(7.0), 40)
    values[-21:-14] *= 100

    _, made = profiles(values, WEEKS, np.array([280]), 7)

    assert made[0, 0] == pytest.approx(np.arange(7.0))


def test_nothing_after_an_origin_is_seen() -> None:
    seasons = Seasons(288, 0, 2016)
    values = DRAW.normal(10, 3, 3 * 2016)
    later = values.copy()
    later[5000:] = 1e6
    origins = np.array([2100, 5000])

    for horizon in (5, 700, 2500):
        seen, unseen = (profiles(one, seasons, origins, horizon)[1] for one in (values, later))
        assert np.array_equal(seen, unseen)


def test_of_a_far_cycle_slots_are_averaged() -> None:
    """Of two weeks of 5 minutes, which have a noise of 3."""
    seasons, time = Seasons(288, 0, 2016), np.arange(2 * 2016)
    course = np.where(time % 2016 < 5 * 288, 20.0, 0.0)

    _, made = profiles(course + DRAW.normal(0, 3, len(time)), seasons, np.array([len(time)]), 2016)

    slot = 2016 // SLOTS
    away = np.delete(
        np.arange(2016), [*range(slot), *range(1440 - slot, 1440 + slot), *range(2016 - slot, 2016)]
    )
    error = made[0, 0, away] - course[away]
    assert np.abs(error).mean() < 1
    assert np.abs(error).max() < 4


@pytest.mark.parametrize("seasons", [Seasons(24, 168, 168), Seasons(288, 0, 2016), Seasons(1, 0)])
def test_without_enough_cycles_there_is_none(seasons: Seasons) -> None:
    names, made = profiles(DRAW.normal(size=900), seasons, np.array([800, 900]), 12)

    assert names == ()
    assert made.shape == (0, 2, 12)
