"""Weights from how members' errors go together: those of least squared error, as far as windows allow."""

from functools import partial

import numpy as np
import pytest

from stepcast.engine.auto.ensemble.stacking import error_products, stacked
from stepcast.engine.auto.ensemble.weights import buckets_of

Floats = np.ndarray
MANY = 1e9  # windows


def same(covariance: object) -> Floats:
    """The same products of errors for near, middle and far steps."""
    return np.stack([np.array(covariance, float)] * 3)


def column(*weights: float) -> Floats:
    """The same weights for near, middle and far steps."""
    return np.tile(np.array(weights, float)[:, None], 3)


def cost(covariance: Floats, start: Floats, pull: float, weights: Floats) -> float:
    """Half the squared error of the blend beside the best member's, and how far it is from the start."""
    squared = weights @ covariance @ weights / (2 * np.diag(covariance).min())
    return float(squared + pull * (weights * np.log((weights + 1e-12) / (start + 1e-12))).sum())


@pytest.mark.parametrize(
    ("variance", "covariance"), [((1.0, 2.0), 0.5), ((1.0, 3.0), 0.0), ((4.0, 2.0), 1.0), ((1.0, 1.0), -0.5)]
)
def test_two_members_of_known_error_covariance_get_the_weights_of_least_variance(
    variance: tuple[float, float], covariance: float
) -> None:
    """Bates and Granger (1969): the share of one is what the other errs for itself, of what both do."""
    own, other = variance
    analytical = (other - covariance) / (own + other - 2 * covariance)

    weights = stacked(same([[own, covariance], [covariance, other]]), column(0.5, 0.5), MANY)

    assert weights[0] == pytest.approx(analytical, abs=0.01)
    assert weights.sum(axis=0) == pytest.approx(1)


def test_a_member_that_only_adds_error_gets_nothing() -> None:
    """With a correlation this high the analytical weight of the worse is negative, and weights are not."""
    weights = stacked(same([[1.0, 1.5], [1.5, 4.0]]), column(0.5, 0.5), MANY)

    assert weights[1] == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize(("windows", "pull"), [(0, 1.0), (8, 0.1), (24, 0.01**0.75)])
@pytest.mark.parametrize("start", [0.5, 0.2, 0.9])
def test_few_windows_pull_the_weights_back_to_where_they_began(
    windows: float, pull: float, start: float
) -> None:
    covariance, begin = np.array([[1.0, 0.2], [0.2, 1.5]]), np.array([start, 1 - start])
    tried = np.linspace(0, 1, 1001)
    costs = [cost(covariance, begin, pull, np.array([share, 1 - share])) for share in tried]

    weights = stacked(same(covariance), column(*begin), windows)

    assert weights[0] == pytest.approx(tried[np.argmin(costs)], abs=2e-3)


def test_each_bucket_has_weights_of_its_own() -> None:
    products = np.stack([np.diag([1.0, 4.0]), np.diag([1.0, 1.0]), np.diag([4.0, 1.0])])

    weights = stacked(products, column(0.5, 0.5), MANY)

    assert weights[0] == pytest.approx([0.8, 0.5, 0.2], abs=0.01)


@pytest.mark.parametrize("scale", [100, 0.01])
def test_the_scale_of_the_errors_does_not_matter(scale: float) -> None:
    covariance, begin = np.array([[1.0, 0.3], [0.3, 2.0]]), column(0.3, 0.7)

    assert stacked(same(scale * covariance), begin, 3) == pytest.approx(stacked(same(covariance), begin, 3))


def test_a_member_without_weight_can_earn_some_where_it_is_far_better() -> None:
    products = same([[9.0, 0.0], [0.0, 1.0]])

    assert stacked(products, column(1, 0), MANY)[1] == pytest.approx(0.9, abs=0.05)
    assert stacked(products, column(1, 0), 0)[1] == pytest.approx(0, abs=0.02)


def test_members_that_never_err_stay_as_they_were() -> None:
    assert stacked(same(np.zeros((2, 2))), column(0.3, 0.7), MANY) == pytest.approx(column(0.3, 0.7))


@pytest.mark.parametrize("seed", range(8))
def test_no_weights_are_worse_than_those_it_began_with(seed: int) -> None:
    """Where one member errs far less than the others, a step of usual length overshoots."""
    draw = np.random.default_rng(seed)
    errors = draw.normal(size=(5, 12)) * np.array([0.02, 1, 1, 2, 3])[:, None]
    covariance, begin = errors @ errors.T / 12, draw.dirichlet(np.ones(5))
    measure = partial(cost, covariance, begin, 0.01**0.5)

    weights = stacked(same(covariance), column(*begin), 8)[:, 0]

    assert measure(weights) <= measure(begin)
    assert weights.sum() == pytest.approx(1)


@pytest.mark.parametrize("seed", [159, 267, 330, 731, 1482])
def test_less_squared_error_is_not_bought_at_the_price_of_more_distance(seed: int) -> None:
    """Of 1,500 draws those where steps end that are shorter in the one and longer in the other."""
    draw = np.random.default_rng(seed)
    members = int(draw.integers(2, 5))
    size = 10 ** draw.uniform(-1.5, 0.5, members)
    errors = draw.normal(size=(members, 6)) * size[:, None]
    errors -= draw.uniform(0, 0.95) * errors.mean(axis=0)
    covariance, begin = errors @ errors.T / 6, draw.dirichlet(np.full(members, draw.choice([0.3, 1.0])))
    windows = float(draw.choice([0, 2, 8]))
    measure = partial(cost, covariance, begin, 0.01 ** (windows / (windows + 8)))

    weights = stacked(same(covariance), column(*begin), windows)[:, 0]

    assert measure(weights) <= measure(begin)


@pytest.mark.parametrize("least", [0.03, 0.01, 0.003])
def test_shorter_steps_find_the_way_where_longer_ones_overshoot(least: float) -> None:
    """The errors of two nearly cancel, and a third hardly errs: slopes are steep and change their sign."""
    covariance, begin = np.array([[1, -0.9, 0], [-0.9, 1, 0], [0, 0, least]]), np.array([0.3, 0.5, 0.2])

    weights = stacked(same(covariance), column(*begin), 8)[:, 0]

    assert cost(covariance, begin, 0.1, weights) < 0.5 * cost(covariance, begin, 0.1, begin)


ONES = np.ones((4, 6))


def test_products_are_means_of_errors_in_squares_of_a_typical_one() -> None:
    """Two members that err by 2 and by 4, whose signs go together at three of four origins."""
    first = np.where(np.arange(4)[:, None] == 0, -2.0, 2.0) * ONES
    actual = np.full((4, 6), 7.0)

    products = error_products(np.stack([actual + first, actual + 4 * ONES]), actual, ONES)

    assert products == pytest.approx(same([[4, 4], [4, 16]]) / 3**2)


def test_products_of_a_bucket_are_half_its_own_and_half_those_of_all_steps() -> None:
    errors = np.stack([np.tile([1.0, 1, 2, 2, 3, 3], (4, 1)), np.tile([1.0, 1, -2, -2, 3, 3], (4, 1))])

    products = error_products(errors, 0 * ONES, ONES)

    overall = np.array([14, 6]) / 3
    own = np.array([[1, 1], [4, -4], [9, 9]])
    assert products[:, 0, 0] == pytest.approx((own[:, 0] + overall[0]) / 2 / 4)
    assert products[:, 0, 1] == pytest.approx((own[:, 1] + overall[1]) / 2 / 4)


def test_products_leave_out_what_is_not_known() -> None:
    """Of the last bucket nothing is known, so that it has the products of all; of the first, one origin."""
    known = np.array([[1, 1, 1, 1, 0, 0]] + [[0, 0, 1, 1, 0, 0]] * 3, bool)
    errors = np.stack([np.tile([3.0, 3, 1, 1, 9, 9], (4, 1)), np.tile([2.0, 2, 2, 2, 5, 5], (4, 1))])

    products = error_products(errors, np.where(known, 0.0, np.nan), ONES)

    typical = (1.4 + 2) / 2
    overall = (2 * 9 + 8 * 1) / 10
    expected = np.array([(9 + overall) / 2, (1 + overall) / 2, overall])
    assert products[:, 0, 0] == pytest.approx(expected / typical**2)
    assert products[:, 1, 1] == pytest.approx(4 / typical**2)


def test_a_single_error_of_a_bucket_is_enough() -> None:
    errors = np.array([[[1.0, 2, 3]], [[2.0, 2, 2]]])

    products = error_products(errors, np.zeros((1, 3)), np.ones((1, 3)))

    overall = (1 + 4 + 9) / 3
    assert products[:, 0, 0] == pytest.approx((np.array([1, 4, 9]) + overall) / 2 / 2**2)
    assert error_products(errors[:, :, :1], np.zeros((1, 1)), np.ones((1, 1)))[0, 0, 1] == pytest.approx(
        2 / 1.5**2
    )


def test_buckets_without_errors_have_those_of_the_only_one_that_has_some() -> None:
    only_far = np.where(np.arange(6) < 4, np.nan, 0.0)

    products = error_products(np.stack([ONES, 3 * ONES]), only_far * ONES, ONES)

    assert products == pytest.approx(same([[1, 3], [3, 9]]) / 2**2)


def test_products_of_nothing_known_are_those_of_members_alike_and_unrelated() -> None:
    products = error_products(np.ones((2, 4, 6)), np.nan * ONES, ONES)

    assert products.tolist() == [[[1, 0], [0, 1]]] * 3


def test_errors_of_products_count_by_their_importance() -> None:
    importance = np.where(np.arange(4)[:, None] == 0, 3.0, 1.0) * ONES

    products = error_products(np.stack([ONES, 2 * ONES]), 0 * ONES, importance)

    assert products[:, 0, 0] == pytest.approx((9 + 3) / 4 / ((1.5 + 3) / 2) ** 2)


@pytest.mark.parametrize("sign", [1, -1])
def test_one_error_counts_as_at_most_twelve_typical_ones(sign: int) -> None:
    once = np.where(np.arange(4 * 6).reshape(4, 6) == 0, sign * 1000.0, 1.0)

    products = error_products(np.stack([once, ONES, ONES]), 0 * ONES, ONES)

    assert products[0, 0, 0] == pytest.approx(((144 + 7) / 8 + (144 + 23) / 24) / 2)
    assert products[0, 0, 1] == pytest.approx(((12 * sign + 7) / 8 + (12 * sign + 23) / 24) / 2)


def test_members_that_hit_every_value_have_products_of_zero() -> None:
    assert not error_products(np.zeros((2, 4, 6)), 0 * ONES, ONES).any()


@pytest.mark.parametrize(("horizon", "stride"), [(24, 1), (40, 3), (600, 67)])
def test_of_a_long_bucket_about_eight_steps_are_looked_at(horizon: int, stride: int) -> None:
    """Errors at those steps alone show in the products of the last bucket, others do not."""
    last = np.flatnonzero(buckets_of(horizon) == 2)
    seen, unseen = np.zeros(horizon), np.zeros(horizon)
    seen[last[::stride]] = 1
    unseen[np.setdiff1d(last, last[::stride])] = 1
    errors = np.stack([1 + seen, 1 + unseen, np.ones(horizon)])[:, None]

    products = error_products(errors, np.zeros((1, horizon)), np.ones((1, horizon)))

    assert 8 <= len(last[::stride]) <= 12
    assert products[2, 0, 0] > products[2, 2, 2]
    assert products[2, 1, 1] == products[2, 2, 2]
