"""TSB and Croston's method by hand, and what holds for distributions of counts."""

import numpy as np
import pytest
from scipy import stats

from stepcast.engine.auto.members import intermittent_kernels as kernels
from stepcast.engine.auto.members.intermittent import intermittent
from stepcast.engine.auto.series.quantile_grid import PROBABILITIES
from stepcast.engine.auto.series.seasons import Seasons
from stepcast.engine.auto.sources.counts import count_forecast, suit_counts
from stepcast.engine.auto.sources.empirical import empirical_quantiles

NONE, WEEK = Seasons(1, 0), Seasons(7, 0)
MEDIAN = 7


def parts(seed: int, months: int = 51) -> np.ndarray:
    """Counts of a spare part, three of four zero."""
    draw = np.random.default_rng(seed)
    return (1.0 + draw.poisson(0.7, months)) * (draw.uniform(size=months) < draw.beta(1.2, 3.5))


def test_tsb_smooths_probability_and_size_apart() -> None:
    """Gains of a half: 4, 0, 2 leave the probability at 1, .5, .75 and the size at 4, 4, 3."""
    made, half = np.empty(3), np.array([0.5])

    kernels.tsb(np.array([4.0, 0.0, 2.0]), 3, np.array([1, 2, 3]), half, half, made)

    assert made.tolist() == [4.0, 2.0, 2.25]


def test_croston_smooths_at_demands_and_takes_off_the_bias() -> None:
    """Gain of a half: sizes 4, then 3; intervals 1, then 1.5; three quarters of the ratio."""
    made = np.empty(3)

    kernels.croston(np.array([4.0, 0.0, 2.0]), 3, np.array([1, 2, 3]), np.array([0.5]), made)

    assert made.tolist() == [3.0, 3.0, 1.5]


def test_before_the_first_demand_nothing_is_expected() -> None:
    made = intermittent(np.array([0.0, 0.0, 0.0, 5.0]), 3, np.array([2, 3]), 4)

    assert {name: forecasts.tolist() for name, forecasts in made.items()} == {
        "tsb": [[0.0] * 4] * 2,
        "sba": [[0.0] * 4] * 2,
    }


def test_an_origin_sees_only_what_lies_before_it() -> None:
    values = parts(1)
    changed = np.append(values[:30], values[30:] + 9)
    origins = np.array([20, 25, 30])

    before, after = (intermittent(one, 20, origins, 6) for one in (values, changed))

    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_ten_times_the_demand_is_ten_times_the_forecast() -> None:
    values, origins = parts(2), np.array([30, 51])

    plain, large = (intermittent(scale * values, 30, origins, 1) for scale in (1.0, 16.0))

    assert all(np.array_equal(16 * plain[name], large[name]) for name in plain)


def test_both_find_the_mean_of_steady_demand() -> None:
    draw = np.random.default_rng(0)
    values = 4.0 * (draw.uniform(size=2_000) < 0.25)

    made = intermittent(values, 1_900, np.array([2_000]), 1)

    assert made["tsb"][0, 0] == pytest.approx(1.0, abs=0.35)
    assert made["sba"][0, 0] == pytest.approx(1.0, abs=0.35)


@pytest.mark.parametrize(("mean", "dispersion"), [(0.3, 0.5), (4.0, 2.0), (20.0, 0.05)])
def test_the_negative_binomial_is_scipys(mean: float, dispersion: float) -> None:
    made = np.empty(60)

    kernels._negative_binomial(mean, dispersion, 0, 1.0, made)

    shape = 1 / dispersion
    assert made[:-1] == pytest.approx(stats.nbinom.cdf(np.arange(59), shape, shape / (shape + mean)))


def test_without_dispersion_it_is_poisson() -> None:
    made = np.empty(30)

    kernels._negative_binomial(2.0, 0.0, 0, 1.0, made)

    assert made[:-1] == pytest.approx(stats.poisson.cdf(np.arange(29), 2.0))


def test_a_hurdle_moves_it_beyond_the_zeros() -> None:
    made = np.empty(30)

    kernels._negative_binomial(1.5, 0.0, 1, 0.25, made)

    assert made[0] == 0.75
    assert made[1:-1] == pytest.approx(0.75 + 0.25 * stats.poisson.cdf(np.arange(28), 1.5))


@pytest.mark.parametrize(
    "counts",
    [
        [3.0],
        [0.0],
        [0.0] * 40,
        [7.0] * 40,
        [0.0] * 39 + [1.0],
        [1e9, 0.0] * 20,
        [0.0, 1.5, 2.0],
        list(parts(3)),
    ],
    ids=["one", "zero", "zeros", "constant", "late", "huge", "filled", "parts"],
)
@pytest.mark.parametrize("seasons", [NONE, WEEK, Seasons(24, 168), Seasons(288, 2016)])
def test_quantiles_rise_and_are_counts(counts: list[float], seasons: Seasons) -> None:
    quantiles, means = count_forecast(np.array(counts), seasons, 30)

    assert quantiles.shape == (30, len(PROBABILITIES))
    assert np.isfinite(quantiles).all()
    assert (np.diff(quantiles, axis=1) >= 0).all()
    assert quantiles.min() >= 0
    assert (quantiles == np.rint(quantiles)).all()
    assert np.isfinite(means).all()
    assert quantiles.max() <= 3 * max(counts) + 12


def test_nothing_sold_is_nothing_expected() -> None:
    assert not count_forecast(np.zeros(50), NONE, 3)[0][:, :12].any()


def test_a_constant_stays() -> None:
    quantiles, _ = count_forecast(np.full(60, 7.0), NONE, 2)

    assert (quantiles[:, 3:12] == 7).all()


def test_the_shares_of_what_is_drawn_are_found() -> None:
    """Zero in seven of ten, else one to three: the probabilities of two thousand draws come back."""
    draw = np.random.default_rng(4)
    counts = draw.integers(1, 4, 2_000) * (draw.uniform(size=2_000) < 0.3)

    quantiles, means = count_forecast(counts.astype(float), NONE, 1)

    assert quantiles[0, [8, 10, 12]].tolist() == [0, 2, 3]
    assert means[0] == pytest.approx(0.6, abs=0.15)


def test_what_dies_out_is_expected_to_stay_dead() -> None:
    """Four years of sales, then two without: at most a quarter of the mean is left, the median is zero."""
    counts = np.append(np.tile([1.0, 0.0, 2.0, 3.0], 12), np.zeros(24))

    quantiles, means = count_forecast(counts, NONE, 1)

    assert means[0] < 0.25 * counts.mean()
    assert quantiles[0, MEDIAN] == 0


def test_weekdays_keep_their_own_counts() -> None:
    draw = np.random.default_rng(5)
    rate = np.tile([0.1, 0.1, 0.1, 0.1, 0.1, 6.0, 6.0], 30)

    quantiles, _ = count_forecast(draw.poisson(rate).astype(float), WEEK, 14)

    assert quantiles[:, MEDIAN].tolist() == [0, 0, 0, 0, 0, quantiles[5, MEDIAN], quantiles[6, MEDIAN]] * 2
    assert quantiles[5, MEDIAN] in (5, 6)


def test_counts_with_zeros_suit_and_others_do_not() -> None:
    assert suit_counts(parts(6))
    assert not suit_counts(parts(6) + 0.5)
    assert not suit_counts(parts(6) - 1)
    assert not suit_counts(np.arange(50.0))
    assert not suit_counts(np.cumsum(parts(6)))


def test_it_beats_past_values_and_zero_on_spare_parts() -> None:
    """Pinball loss of a hundred parts, a year ahead, with the season that months have."""

    def loss(quantiles: np.ndarray, future: np.ndarray) -> float:
        short = future[:, None] - quantiles[:, 3:12]
        return float(np.maximum(PROBABILITIES[3:12] * short, (PROBABILITIES[3:12] - 1) * short).mean())

    year, sums = Seasons(12, 0), np.zeros(3)
    for seed in range(100):
        counts = parts(seed)
        past, future = counts[:39], counts[39:]
        ours, values = count_forecast(past, year, 12)[0], empirical_quantiles(past, year, 12)
        sums += [loss(ours, future), loss(values, future), loss(np.zeros_like(ours), future)]

    assert sums[0] < 0.9 * sums[1]
    assert sums[0] < 0.95 * sums[2]


def test_the_day_of_five_minutes_is_a_season_of_counts() -> None:
    """Calls come from eight to four o'clock, as many as chance has it."""
    day = np.where((np.arange(288) >= 96) & (np.arange(288) < 192), 6.0, 0.0)
    calls = np.random.default_rng(2).poisson(np.tile(day, 12)).astype(float)

    median = count_forecast(calls, Seasons(288, 0), 288)[0][:, MEDIAN]

    assert (median[day == 0] == 0).all()
    assert median[day > 0].mean() == pytest.approx(6, abs=1)
