"""Held-back windows choose among sources, and widen or narrow what they promise until it holds."""

from statistics import NormalDist

import numpy as np
import pytest

from stepcast.engine.auto.ensemble.calibration import FACTORS, SOURCES, Calibration, calibrate
from stepcast.engine.auto.series.quantile_grid import PROBABILITIES

Floats = np.ndarray
COUNT = len(PROBABILITIES)
MIDDLE = COUNT // 2
NORMAL = np.array([NormalDist().inv_cdf(p) for p in PROBABILITIES])
ANY_FACTOR = float(FACTORS[19])  # about 1.7: one of those that are tried, so that no rounding blurs the claim


def trust(windows: int) -> float:
    """Of so many windows: half at sixteen."""
    return float(np.sqrt(windows) / (np.sqrt(windows) + 4))


def points(*values: float, windows: int = 1, horizon: int = 3) -> Floats:
    """Sources that are certain: all their quantiles are one value."""
    return np.tile(np.array(values, float)[:, None, None, None], (1, windows, horizon, COUNT))


def one_wide(windows: int, above: float = 1.0, below: float = 1.0, horizon: int = 3) -> Floats:
    """One source around zero, all of whose quantiles lie by ``above`` and ``below`` away from it."""
    sides = np.where(np.arange(COUNT) > MIDDLE, above, np.where(np.arange(COUNT) < MIDDLE, -below, 0.0))
    return np.tile(sides, (1, windows, horizon, 1))


def turns(windows: int) -> Floats:
    """1 and -1 by turns (windows, 1)."""
    return np.where(np.arange(windows) % 2 == 0, 1.0, -1.0)[:, None]


@pytest.mark.parametrize("sigma", [FACTORS[4], 1.0, FACTORS[20]])
def test_quantiles_too_narrow_or_wide_by_a_factor_come_out_right(sigma: float) -> None:
    """2,500 outcomes spread like a normal distribution of width sigma, where the source promises one of 1."""
    windows = 2500
    spread = np.array([NormalDist().inv_cdf((rank + 0.5) / windows) for rank in range(windows)])
    actual = sigma * np.tile(spread[:, None], (1, 3))
    source = np.tile(NORMAL, (1, windows, 3, 1))

    made = calibrate(source, actual, np.ones(windows))

    beside = np.delete(made.factors, MIDDLE, axis=1)
    assert beside == pytest.approx(1.03 * sigma ** trust(windows), rel=0.01)
    assert made.factors[:, MIDDLE].tolist() == [1, 1, 1]
    low, high = made.apply(source)[0, 0, [3, -4]]
    assert ((low < actual) & (actual < high)).mean() == pytest.approx(0.8, abs=0.04)


@pytest.mark.parametrize("windows", [4, 16, 100])
def test_the_factor_of_few_windows_is_shrunk_to_a_little_more_than_one(windows: int) -> None:
    actual = ANY_FACTOR * np.tile(turns(windows), (1, 3))

    factors = calibrate(one_wide(windows), actual, np.ones(windows)).factors

    assert np.delete(factors, MIDDLE, axis=1) == pytest.approx(1.03 * ANY_FACTOR ** trust(windows))


def test_each_side_is_measured_by_its_own_quantile() -> None:
    """Outcomes above lie as many times further than the upper quantiles as those below than the lower."""
    actual = ANY_FACTOR * np.tile(np.where(turns(16) > 0, 3.0, -0.5), (1, 3))

    factors = calibrate(one_wide(16, above=3, below=0.5), actual, np.ones(16)).factors

    assert np.delete(factors, MIDDLE, axis=1) == pytest.approx(1.03 * ANY_FACTOR**0.5)


@pytest.mark.parametrize(("outcome", "limit"), [(100.0, 2.5), (0.001, 0.4)])
def test_no_source_is_widened_or_narrowed_by_more_than_two_and_a_half(outcome: float, limit: float) -> None:
    actual = outcome * np.tile(turns(16), (1, 3))

    factors = calibrate(one_wide(16), actual, np.ones(16)).factors

    assert np.delete(factors, MIDDLE, axis=1) == pytest.approx(1.03 * limit**0.5)


def test_a_bucket_is_as_wide_as_its_own_outcomes_and_all_outcomes_say() -> None:
    """Half of what is covered by the bucket's own, half by all; and what costs least, own ones more."""
    near, middle, far = FACTORS[[8, 14, 21]]
    actual = turns(16) * np.array([near, middle, far])

    factors = calibrate(one_wide(16), actual, np.ones(16)).factors

    def expected(own: float, overall: float, cheapest: float) -> float:
        return 1.03 * np.sqrt(np.sqrt(own * overall) * cheapest) ** 0.5

    # from 0.1 to 0.9 eight tenths are promised: of all outcomes, the far ones; of those that cost, as given
    at_tenth = [expected(near, far, middle), expected(middle, far, middle), expected(far, far, far)]
    # from 0.4 to 0.6 two tenths
    at_four = [expected(near, near, near), expected(middle, near, middle), expected(far, near, middle)]
    # from 0.3 to 0.7 four tenths
    at_three = [expected(near, middle, near), expected(middle, middle, middle), expected(far, middle, far)]
    for probabilities, wanted in ((0.1, at_tenth), (0.4, at_four), (0.3, at_three)):
        place = int(np.argmin(np.abs(PROBABILITIES - probabilities)))
        assert factors[:, place] == pytest.approx(wanted)
        assert factors[:, COUNT - 1 - place] == pytest.approx(wanted)


def test_a_bucket_of_which_nothing_is_known_has_the_factor_of_all_outcomes() -> None:
    actual = ANY_FACTOR * turns(16) * np.array([1, 1, np.nan])

    factors = calibrate(one_wide(16), actual, np.ones(16)).factors

    assert np.delete(factors, MIDDLE, axis=1) == pytest.approx(1.03 * ANY_FACTOR**0.5)


@pytest.mark.parametrize("horizon", [1, 2])
def test_a_horizon_of_one_or_two_steps_has_no_factors_for_far_ones(horizon: int) -> None:
    actual = ANY_FACTOR * np.tile(turns(16), (1, horizon))

    factors = calibrate(one_wide(16, horizon=horizon), actual, np.ones(16)).factors

    assert np.delete(factors[:horizon], MIDDLE, axis=1) == pytest.approx(1.03 * ANY_FACTOR**0.5)
    assert (factors[horizon:] == 1).all()


def test_beyond_a_tenth_the_factor_is_that_of_a_tenth() -> None:
    """Too few errors lie further out."""
    draw = np.random.default_rng(0)
    actual = draw.standard_t(2, (50, 3))

    factors = calibrate(np.tile(NORMAL, (1, 50, 3, 1)), actual, np.ones(50)).factors

    tenth, nine_tenths = 3, COUNT - 4
    assert (factors[:, :tenth] == factors[:, [tenth]]).all()
    assert (factors[:, nine_tenths:] == factors[:, [nine_tenths]]).all()
    assert (factors[:, tenth] != factors[:, tenth + 1]).all()


def test_a_source_without_width_is_given_none() -> None:
    """Its reach counts as a millionth of the scale: the factor stays within its limits."""
    actual = 5 * ANY_FACTOR * 1e-6 * np.tile(turns(16), (1, 3))

    factors = calibrate(one_wide(16, 1e-9, 1e-9), actual, np.full(16, 5.0)).factors

    assert np.delete(factors, MIDDLE, axis=1) == pytest.approx(1.03 * np.sqrt(ANY_FACTOR * 2.5) ** 0.5)


def test_where_the_source_lies_does_not_change_its_factors() -> None:
    draw = np.random.default_rng(1)
    source, actual = np.tile(NORMAL, (1, 30, 3, 1)), draw.standard_t(3, (30, 3))

    factors, elsewhere = (calibrate(source + at, actual + at, np.ones(30)).factors for at in (0, 7))

    assert elsewhere == pytest.approx(factors)


def test_a_step_counts_like_another_however_many_of_its_outcomes_are_known() -> None:
    """The first source misses by 1 at the step known four times, the second by 1.2 at the one known once."""
    sources = points(0, 0, windows=4)
    sources[0, :, 0], sources[1, :, 1] = 1, 1.2
    actual = np.zeros((4, 3))
    actual[1:, 1] = np.nan

    assert calibrate(sources, actual, np.ones(4)).shares.tolist() == [[1, 0]] * 3


def test_windows_of_which_nothing_is_known_cost_nothing() -> None:
    actual = np.where(np.arange(10)[:, None] == 0, np.zeros(3), np.nan)

    assert calibrate(points(1, 0.95, windows=10), actual, np.ones(10)).shares.tolist() == [[0, 1]] * 3
    assert calibrate(points(1, 0.95, horizon=1), np.zeros((1, 1)), np.ones(1)).shares.tolist() == [[0, 1]] * 3


@pytest.mark.parametrize("actual", [np.full((2, 3), np.nan), np.empty((0, 3))])
def test_without_outcomes_the_first_source_stays_as_it_is(actual: Floats) -> None:
    source = np.tile(NORMAL, (3, len(actual), 3, 1))

    made = calibrate(source, actual, np.ones(len(actual)))

    assert made.shares.tolist() == [[1, 0, 0]] * 3
    assert made.factors.tolist() == [[1] * COUNT] * 3
    some = np.stack([NORMAL, 10 + NORMAL, 20 + NORMAL])[:, None]
    assert made.apply(some) == pytest.approx(some[0])


@pytest.mark.parametrize(("right", "shares"), [(0, [1, 0]), (1, [0, 1])])
def test_the_source_that_is_right_is_taken(right: int, shares: list[int]) -> None:
    spread = np.array([NormalDist().inv_cdf((rank + 0.5) / 60) for rank in range(60)])[:, None]
    sources = np.tile(NORMAL, (2, 60, 3, 1))
    sources[1 - right] += 3

    assert calibrate(sources, np.tile(spread, (1, 3)), np.ones(60)).shares.tolist() == [shares] * 3


def test_two_sources_that_miss_on_both_sides_are_blended() -> None:
    assert calibrate(points(1, -1), np.zeros((1, 3)), np.ones(1)).shares.tolist() == [[0.5, 0.5]] * 3
    assert calibrate(points(-1, 3), np.zeros((1, 3)), np.ones(1)).shares.tolist() == [[0.75, 0.25]] * 3


@pytest.mark.parametrize(("other", "share"), [(1.0, 0), (0.9805, 0), (0.979, 1), (0.5, 1)])
def test_another_source_must_be_better_by_two_percent(other: float, share: int) -> None:
    """The members' errors come first: what is hardly better was better by chance."""
    assert calibrate(points(1, other), np.zeros((1, 3)), np.ones(1)).shares[0, 1] == share


def test_of_three_sources_the_three_best_blends_are_taken_together() -> None:
    """The best alone, and three quarters of it with one or the other, which are hardly worse."""
    shares = calibrate(points(1.08, 1, 1.08), np.zeros((1, 3)), np.ones(1)).shares[0]

    assert shares == pytest.approx(np.array([1 / 4, 1 + 3 / 4 + 3 / 4, 1 / 4]) / 3)


def test_the_best_blend_is_alone_where_the_others_are_far_worse() -> None:
    shares = calibrate(points(4, 1, 4), np.zeros((1, 3)), np.ones(1)).shares[0]

    assert shares.tolist() == [0, 1, 0]


def test_windows_count_alike_whatever_their_scale() -> None:
    """The second source is wrong by one scale at the small window, the first by half a one at the large."""
    sources = points(0, 0, windows=2)
    sources[1, 0], sources[0, 1] = 1, 500

    assert calibrate(sources, np.zeros((2, 3)), np.array([1.0, 1000.0])).shares.tolist() == [[1, 0]] * 3
    assert calibrate(sources, np.zeros((2, 3)), np.ones(2)).shares.tolist() == [[0, 1]] * 3


def test_a_calibration_blends_and_widens_around_the_median_by_bucket() -> None:
    factors = np.repeat([[2.0], [1.0], [0.5]], COUNT, axis=1)
    sources = np.stack([NORMAL, 8 + 3 * NORMAL])[:, None, None] * np.ones((1, 2, 3, 1))
    sources[:, 1] += 100

    table = Calibration(np.tile([0.25, 0.75], (3, 1)), factors).apply(sources)

    for step, factor in enumerate([2, 1, 0.5]):
        assert table[0, step] == pytest.approx(6 + 2.5 * factor * NORMAL)
        assert table[1, step] == pytest.approx(106 + 2.5 * factor * NORMAL)


def test_quantiles_rise_whatever_the_factors() -> None:
    factors = np.ones((3, COUNT))
    factors[:, MIDDLE + 1] = 100

    table = Calibration(np.ones((3, 1)), factors).apply(np.tile(NORMAL, (1, 4, 3, 1)))

    assert (np.diff(table, axis=-1) >= 0).all()
    assert table[..., -1] == pytest.approx(100 * NORMAL[MIDDLE + 1])


def test_the_share_of_a_source_is_asked_for_by_name() -> None:
    two = Calibration(np.tile([0.75, 0.25], (3, 1)), np.ones((3, COUNT)))

    assert [two.share(source) for source in SOURCES] == [0.75, 0.25, 0]


def test_two_calibrations_meet_halfway() -> None:
    late = Calibration(np.tile([1.0, 0.0], (3, 1)), np.full((3, COUNT), 2.0))
    early = Calibration(np.tile([0.5, 0.5], (3, 1)), np.full((3, COUNT), 0.5))

    made = late.and_earlier(early)

    assert made.shares.tolist() == [[0.75, 0.25]] * 3
    assert made.factors == pytest.approx(1)
    assert late.and_earlier(Calibration.neutral(3)) is late
