"""Counts to come have the distribution that counts were drawn from."""

from math import exp, factorial

import numpy as np
import pytest

from stepcast.engine.auto.series.quantile_grid import PROBABILITIES
from stepcast.engine.auto.series.seasons import Seasons
from stepcast.engine.auto.sources.counts import _origins, are_sparse, count_forecast, suit_counts

Floats = np.ndarray
NONE, WEEK = Seasons(1, 0), Seasons(7, 0)
INNER = slice(2, -2)  # from 0.05 to 0.95


def smallest_count(distribution: Floats) -> Floats:
    """The quantiles of a distribution function of 0, 1, 2, ..."""
    return np.searchsorted(distribution, PROBABILITIES)


def poisson(mean: float) -> Floats:
    return np.cumsum([exp(-mean) * mean**count / factorial(count) for count in range(40)])


@pytest.mark.parametrize("mean", [0.2, 1.0, 3.0])
def test_poisson_counts_are_forecast_as_poisson(mean: float) -> None:
    counts = np.random.default_rng(0).poisson(mean, 800).astype(float)

    quantiles, means = count_forecast(counts, NONE, 2)

    assert np.abs(quantiles[0] - smallest_count(poisson(mean)))[INNER].max() <= 1
    assert (quantiles[0] == smallest_count(poisson(mean)))[INNER].mean() >= 0.8
    assert means == pytest.approx(mean, rel=0.3)  # recent counts weigh more
    assert quantiles[1].tolist() == quantiles[0].tolist()


def test_counts_of_two_sizes_are_hardly_ever_forecast_as_a_third() -> None:
    """Every fourth is a dozen."""
    counts = np.where(np.random.default_rng(1).uniform(size=2000) < 0.25, 12.0, 0.0)

    quantiles, means = count_forecast(counts, NONE, 1)

    assert quantiles[0, PROBABILITIES < 0.7].tolist() == [0] * 9
    assert quantiles[0, (PROBABILITIES > 0.8) & (PROBABILITIES < 0.96)].tolist() == [12] * 2
    assert means[0] == pytest.approx(12 * 0.25, rel=0.25)


def test_zeros_go_on() -> None:
    quantiles, means = count_forecast(np.zeros(50), NONE, 3)

    assert quantiles.tolist() == [[0] * len(PROBABILITIES)] * 3
    assert means == pytest.approx(0, abs=0.02)


def test_counts_that_never_change_go_on() -> None:
    quantiles, means = count_forecast(np.full(60, 7.0), NONE, 1)

    assert quantiles[0, INNER].tolist() == [7] * 11
    assert means[0] == pytest.approx(7, rel=0.02)


def test_a_count_of_a_tenth_of_the_time_is_expected_no_more_often() -> None:
    quantiles, _ = count_forecast(np.tile([0.0] * 9 + [1.0], 200), NONE, 1)

    assert quantiles[0, PROBABILITIES < 0.85].tolist() == [0] * 11
    assert quantiles[0, PROBABILITIES > 0.93].tolist() == [1] * 3


def test_recent_counts_say_more_than_old_ones() -> None:
    quantiles, means = count_forecast(np.append(np.full(300, 2.0), np.full(100, 9.0)), NONE, 1)

    assert quantiles[0, len(PROBABILITIES) // 2] == 9
    assert means[0] == pytest.approx(9, abs=0.5)


def test_each_phase_of_the_week_has_a_distribution_of_its_own() -> None:
    """Eight on every seventh day and none on the others, forecast over more than two weeks."""
    counts = np.where(np.arange(7 * 40 + 3) % 7 == 5, 8.0, 0.0)

    quantiles, means = count_forecast(counts, WEEK, 16)

    busy = (np.arange(16) + 3) % 7 == 5
    middle = len(PROBABILITIES) // 2
    assert quantiles[:, middle].tolist() == np.where(busy, 8, 0).tolist()
    assert (means[busy] > 7).all()
    assert (means[~busy] < 0.5).all()
    without = count_forecast(counts, NONE, 16)[0]
    assert (without[:, middle] == 0).all()


@pytest.mark.parametrize(
    ("seasons", "period", "seen"),
    [
        (Seasons(2, 14), 14, True),
        (Seasons(7, 0), 7, True),
        (Seasons(7, 1), 7, True),
        (Seasons(2, 0), 2, True),
        (Seasons(1, 2), 2, True),
        (Seasons(2, 336), 336, True),
        (Seasons(7, 337), 7, True),
        (Seasons(336, 0), 336, True),
        (Seasons(337, 0), 337, False),
        (Seasons(1, 0), 7, False),
    ],
)
def test_the_longest_season_that_is_not_too_long_is_taken(seasons: Seasons, period: int, seen: bool) -> None:
    """Zeros and threes as coins fell, the same in each period; where it is not seen, all steps are alike."""
    coins = np.random.default_rng(3).permutation(3.0 * (np.arange(period) % 2))

    quantiles, _ = count_forecast(np.tile(coins, 4 if period > 100 else 12), seasons, 4)

    medians = quantiles[:, len(PROBABILITIES) // 2].tolist()
    expected = np.resize(coins, 4).tolist()
    assert len(set(expected)) == 2
    assert medians == (expected if seen else [medians[0]] * 4)


@pytest.mark.parametrize(("largest", "width"), [(128, 1), (129, 2), (256, 2), (257, 3), (1_280_000, 10_000)])
def test_counts_are_told_apart_in_steps_of_a_128th_of_the_largest(largest: int, width: int) -> None:
    counts = np.random.default_rng(2).integers(0, largest + 1, 400)
    counts[-1] = largest

    quantiles, means = count_forecast(counts.astype(float), NONE, 1)

    assert np.gcd.reduce(quantiles[0].astype(int)) == width
    assert quantiles[0, len(PROBABILITIES) // 2] == pytest.approx(largest / 2, rel=0.15)
    assert means[0] == pytest.approx(largest / 2, rel=0.1)


def test_only_the_latest_four_thousand_count() -> None:
    recent = np.random.default_rng(2).poisson(1.0, 4000).astype(float)

    plain, longer = (
        count_forecast(np.append(old, recent), NONE, 2) for old in (np.empty(0), np.full(900, 50.0))
    )

    assert plain[0].tolist() == longer[0].tolist()
    assert plain[1].tolist() == longer[1].tolist()


def test_what_is_not_whole_is_rounded() -> None:
    counts = np.random.default_rng(3).poisson(2.0, 200).astype(float)

    plain, between = (count_forecast(counts + beside, NONE, 1) for beside in (0.0, 0.3))

    assert plain[0].tolist() == between[0].tolist()
    assert plain[1].tolist() == between[1].tolist()


@pytest.mark.parametrize("counts", [[0.0], [3.0], [0.0, 2.0], [1.0, 0.0, 0.0]])
def test_a_few_counts_are_enough(counts: list[float]) -> None:
    quantiles, means = count_forecast(np.array(counts), WEEK, 9)

    assert (np.diff(quantiles, axis=1) >= 0).all()
    assert (quantiles == np.rint(quantiles)).all()
    assert (means >= 0).all()
    assert quantiles.max() <= 2 * max(counts) + 12


def test_means_are_those_of_the_distribution() -> None:
    """Of one three times in four and two otherwise, the mean is 1.25."""
    counts = np.tile([1.0, 1.0, 2.0, 1.0], 250)

    _, means = count_forecast(counts, NONE, 1)

    assert means[0] == pytest.approx(1.25, rel=0.05)


# -- past moments to be judged at -------------------------------------------------------------------------


def test_about_a_dozen_past_moments_are_scored_and_the_last_is_the_end() -> None:
    assert _origins(112, 1).tolist() == [*range(12, 112, 9), 112][-13:]
    assert _origins(16, 1).tolist() == list(range(4, 17))
    assert _origins(17, 1).tolist() == [4, 6, 8, 10, 12, 14, 16, 17]
    assert _origins(5, 1).tolist() == [4, 5]
    assert len(_origins(4000, 1)) == 13


def test_there_is_something_to_learn_from_before_a_moment() -> None:
    """Two seasons or half of what there is; of a few counts four, or all but the last."""
    assert _origins(100, 7)[0] >= 14
    assert _origins(20, 14).tolist()[0] >= 10
    assert _origins(1, 1).tolist() == [1]
    assert _origins(2, 1).tolist() == [1, 2]
    assert _origins(3, 7).tolist() == [2, 3]


@pytest.mark.parametrize("season", [4, 6, 7, 12])
def test_moments_meet_every_phase_of_the_season(season: int) -> None:
    steps = np.diff(_origins(12 * season * 10, season)[:-1])

    assert set(np.gcd(steps, season)) == {1}


# -- which series are counts --------------------------------------------------------------------------------


def test_counts_with_zeros_are_whole_and_not_negative() -> None:
    counts = np.array([3.0, 1, 0, 2, 0, 0])

    assert suit_counts(counts)
    assert not suit_counts(counts + 0.5)
    assert not suit_counts(np.append(-1.0, counts))


@pytest.mark.parametrize(("zeros", "suits"), [(0, False), (1, True), (2, True)])
def test_a_tenth_of_the_later_half_is_zero(zeros: int, suits: bool) -> None:
    """The earlier half does not count: it is nothing but zeros, as of a product before its launch."""
    later = np.append(np.full(10 - zeros, 5.0), np.zeros(zeros))

    assert suit_counts(np.append(np.zeros(10), later)) is suits
    assert not suit_counts(np.append(np.zeros(10), np.append(np.full(10, 5.0), 0.0)))


@pytest.mark.parametrize(("zeros", "sparse"), [(5, False), (6, True)])
def test_counts_are_sparse_where_most_of_the_later_half_are_zero(zeros: int, sparse: bool) -> None:
    later = np.append(np.zeros(zeros), np.full(10 - zeros, 5.0))

    assert are_sparse(np.append(np.full(10, 5.0), later)) is sparse
    assert are_sparse(np.append(np.zeros(10), later)) is sparse
