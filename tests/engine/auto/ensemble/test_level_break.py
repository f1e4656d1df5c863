"""When the latest errors are taken for a new level, and what they change."""

import numpy as np
import pytest

from stepcast.engine.arrays import Floats
from stepcast.engine.auto.ensemble.level_break import UNCHANGED, Change, level_breaks

ORIGINS = np.arange(40, 100)  # the end is 100; forecasts of the one member are 50
HORIZON = 24
OLD, NEW = 50.0, 20.0
ALONE = np.ones((1, 3))


def found(values: Floats, forecasts: Floats | None = None, end: int = 100) -> tuple[Change, ...]:
    """What one member's forecasts need after ``values`` (time,); it has forecast 50, or as given."""
    origins = ORIGINS[end > ORIGINS]
    ahead = origins[:, None] + np.arange(HORIZON)
    actual = np.where(ahead < end, np.append(values, np.full(HORIZON, np.nan))[ahead], np.nan)
    made = np.full((1, len(origins) + 1, HORIZON), OLD) if forecasts is None else forecasts
    return level_breaks(origins, end, made, actual, ALONE)


def level(since: int, new: float = NEW, noise: float = 0.3) -> Floats:
    """50 until so many values before the end, and then ``new``."""
    values = np.full(100, OLD) + noise * np.random.default_rng(1).standard_normal(100)
    values[100 - since :] += new - OLD
    return values


def test_a_dozen_steady_values_are_a_new_level() -> None:
    change = found(level(12))[0]

    assert change.factor == 1  # noise does not shrink with the level, so the change is added
    assert change.shift == pytest.approx(NEW - OLD, abs=0.3)
    assert 0.1 < change.doubt < 0.5


def test_values_that_shrink_as_a_whole_are_a_factor() -> None:
    rhythm = np.tile([30.0, 70.0], 50)
    forecasts = np.tile(np.where((ORIGINS[:, None] + np.arange(HORIZON)) % 2, 70.0, 30.0), (1, 1, 1))
    values = rhythm + 0.1 * np.random.default_rng(1).standard_normal(100)
    values[88:] /= 5

    change = found(values, np.concatenate([forecasts, forecasts[:, -1:]], axis=1))[0]

    assert change.factor == pytest.approx(0.2, abs=0.01)
    assert change.shift == 0


def test_fewer_values_are_believed_less_and_doubted_more() -> None:
    changes = [found(level(since))[0] for since in (12, 8, 5)]

    assert [round(change.shift / (NEW - OLD), 1) for change in changes] == [1.0, 0.7, 0.4]
    assert changes[0].doubt < changes[1].doubt < changes[2].doubt


def test_one_or_two_values_may_be_a_whim() -> None:
    assert found(level(1)) == found(level(2)) == ()


def test_errors_of_both_signs_are_no_level() -> None:
    values = level(12)
    values[95] = 2 * OLD

    assert found(values) == ()


def test_errors_that_differ_are_no_level() -> None:
    """As those of a spike that dies away."""
    values = level(12)
    values[88:] = OLD + 100 / 2 ** np.arange(12)

    assert found(values) == ()


def test_what_is_usual_is_no_new_level() -> None:
    values = OLD + np.repeat([20.0, -20.0] * 4, 13)[:100]

    assert found(values) == ()


def test_what_has_come_back_before_is_no_level() -> None:
    """As a cloud before the sun, which is as dark as the one an hour ago."""
    values = level(12)
    values[60:66] += NEW - OLD

    assert found(values) == ()


def test_each_bucket_is_asked_by_its_own_weights() -> None:
    values = level(12)
    ahead = ORIGINS[:, None] + np.arange(HORIZON)
    actual = np.where(ahead < 100, np.append(values, np.full(HORIZON, np.nan))[ahead], np.nan)
    last_value = np.repeat(values[np.append(ORIGINS, 100) - 1][:, None], HORIZON, axis=1)
    members = np.stack([last_value, np.full((61, HORIZON), OLD)])
    weights = np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])

    near, middle, far = level_breaks(ORIGINS, 100, members, actual, weights)

    assert near is middle is UNCHANGED
    assert far.shift == pytest.approx(NEW - OLD, abs=0.3)


def test_without_older_origins_nothing_is_known_of_the_usual() -> None:
    assert level_breaks(ORIGINS[-10:], 100, np.zeros((1, 11, 4)), np.ones((10, 4)), ALONE) == ()
    assert level_breaks(ORIGINS[:0], 100, np.zeros((1, 1, 4)), np.empty((0, 4)), ALONE) == ()
