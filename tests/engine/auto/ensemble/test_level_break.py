"""When the latest values are taken for a new level, and what they change."""

import numpy as np
import pytest

from stepcast.engine.arrays import Floats
from stepcast.engine.auto.ensemble.level_break import NewLevel, new_level
from stepcast.engine.auto.series.quantile_grid import MEDIAN, OUTERMOST, PROBABILITIES

ORIGINS = np.arange(40, 100)  # the end is 100; forecasts of the one member are 50
HORIZON = 24
OLD, NEW = 50.0, 20.0
ALONE = np.ones((1, 3))
NORMAL = np.linspace(-2, 2, len(PROBABILITIES))
OFFSETS = np.tile(NORMAL, (HORIZON, 1))


def outcomes(values: Floats, end: int = 100) -> Floats:
    ahead = ORIGINS[end > ORIGINS][:, None] + np.arange(HORIZON)
    return np.where(ahead < end, np.append(values, np.full(HORIZON, np.nan))[ahead], np.nan)


def found(values: Floats, forecasts: Floats | None = None, season: int = 24) -> NewLevel | None:
    """What one member's forecasts need after ``values`` (time,); it has forecast 50, or as given."""
    made = np.full((1, len(ORIGINS) + 1, HORIZON), OLD) if forecasts is None else forecasts
    return new_level(ORIGINS, 100, made, outcomes(values), ALONE, season)


def level(since: int, new: float = NEW, noise: float = 0.3) -> Floats:
    """50 until so many values before the end, and then ``new``."""
    values = np.full(100, OLD) + noise * np.random.default_rng(1).standard_normal(100)
    values[100 - since :] += new - OLD
    return values


def believed(values: Floats, season: int = 24) -> float:
    """How far of the way to the new level the forecast goes; 0 where it stays."""
    change = found(values, season=season)
    return 0.0 if change is None else float((change.centre.mean() - OLD) / (NEW - OLD))


def test_a_dozen_steady_values_are_a_new_level() -> None:
    change = found(level(12))

    assert change is not None
    assert change.centre == pytest.approx(np.full(HORIZON, NEW), abs=0.3)
    assert change.factor.tolist() == [1] * HORIZON  # noise does not shrink with the level
    assert not change.below.any()
    assert not change.above.any()


def test_values_that_shrink_as_a_whole_are_a_factor() -> None:
    rhythm = np.tile([30.0, 70.0], 50)
    forecasts = np.where((np.append(ORIGINS, 100)[:, None] + np.arange(HORIZON)) % 2, 70.0, 30.0)[None]
    values = rhythm + 0.1 * np.random.default_rng(1).standard_normal(100)
    values[88:] /= 5

    change = found(values, forecasts)

    assert change is not None
    assert change.centre == pytest.approx(np.tile([6.0, 14.0], 12), abs=0.2)
    assert change.factor == pytest.approx(0.2, abs=0.01)


@pytest.mark.parametrize(("season", "enough"), [(24, 12), (12, 6), (7, 4), (4, 4), (1, 8), (1440, 12)])
def test_half_a_season_is_enough_to_believe_it(season: int, enough: int) -> None:
    shares = [believed(level(since), season) for since in (3, enough - 1, enough, 12)]

    assert shares[0] == pytest.approx(min(3 / enough, 1), abs=0.02)
    assert shares[1] == pytest.approx((enough - 1) / enough, abs=0.02)
    assert shares[2:] == pytest.approx([1, 1], abs=0.02)


@pytest.mark.parametrize("since", [1, 2])
def test_one_or_two_values_may_be_a_whim_and_make_wider(since: int) -> None:
    change = found(level(since))

    assert change is not None
    assert change.centre.tolist() == [OLD] * HORIZON
    spread = change.centre[:, None] + change.spread(OFFSETS, NORMAL)
    assert (spread[:, OUTERMOST] < NEW).all()
    assert spread[:, -1 - OUTERMOST] == pytest.approx(OLD + NORMAL[-1 - OUTERMOST])
    assert spread[:, MEDIAN].tolist() == [OLD] * HORIZON


def test_while_there_is_doubt_both_levels_are_in_the_interval() -> None:
    change = found(level(6))

    assert change is not None
    spread = change.centre[:, None] + change.spread(OFFSETS, NORMAL)
    assert (spread[:, OUTERMOST] < NEW).all()
    assert (spread[:, -1 - OUTERMOST] > OLD).all()
    assert (np.diff(spread, axis=1) >= 0).all()


def test_a_member_that_has_seen_the_jump_is_not_moved_beyond_it() -> None:
    """The last value as a member: it knows the new level by now, and errors of before say so no more."""
    values = level(6)
    last = np.repeat(values[np.append(ORIGINS, 100) - 1][None, :, None], HORIZON, axis=2)

    change = new_level(ORIGINS, 100, last, outcomes(values), ALONE, 12)

    assert change is not None
    assert change.centre == pytest.approx(np.full(HORIZON, NEW), abs=1)


def test_a_trend_that_nobody_forecast_is_no_level() -> None:
    """Its errors grow from value to value, from nothing."""
    values = level(1, OLD)
    values[92:] += 3.0 * np.arange(1, 9)

    assert believed(values) == 0


def test_errors_that_differ_are_no_level() -> None:
    """As those of a spike that dies away."""
    values = level(1, OLD)
    values[88:] = OLD + 100 / 2 ** np.arange(12)

    assert believed(values) == 0


def test_what_is_usual_is_no_new_level() -> None:
    assert found(OLD + np.repeat([20.0, -20.0] * 4, 13)[:100]) is None


def test_what_has_come_back_before_is_no_level() -> None:
    """As a cloud before the sun, which is as dark as the one an hour ago."""
    values = level(12)
    values[60:66] += NEW - OLD

    assert found(values) is None


def test_each_bucket_is_asked_by_its_own_weights() -> None:
    values = level(12)
    last_value = np.repeat(values[np.append(ORIGINS, 100) - 1][:, None], HORIZON, axis=1)
    members = np.stack([last_value, np.full((61, HORIZON), OLD)])
    weights = np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])

    change = new_level(ORIGINS[:-12], 100, members[:, :-12], outcomes(values)[:-12], weights, 24)
    assert change is None  # nothing was forecast within the last dozen values

    change = new_level(ORIGINS, 100, members, outcomes(values), weights, 24)
    assert change is not None
    assert change.steps[-1]
    assert change.centre == pytest.approx(np.full(HORIZON, NEW), abs=1)


def test_without_older_origins_nothing_is_known_of_the_usual() -> None:
    few = np.ones((10, 4))

    assert new_level(ORIGINS[-10:], 100, np.zeros((1, 11, 4)), few, ALONE, 24) is None
    assert new_level(ORIGINS[:0], 100, np.zeros((1, 1, 4)), np.empty((0, 4)), ALONE, 24) is None
