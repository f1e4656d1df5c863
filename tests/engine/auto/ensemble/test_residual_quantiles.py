"""Quantiles of past errors, by step ahead, are those that NumPy finds in the samples that count."""

import numpy as np
import pytest

from stepcast.engine.auto.ensemble.residual_quantiles import error_quantiles
from stepcast.engine.auto.series.quantile_grid import PROBABILITIES

Floats = np.ndarray


def half_mirrored(sample: Floats) -> Floats:
    """Quantiles of a sample, a quarter of them those of its mirror image: half of the errors are mirrored."""
    plain = np.quantile(sample, PROBABILITIES, method="hazen")
    return 0.75 * plain - 0.25 * plain[::-1]


def test_errors_of_one_step_give_their_own_quantiles() -> None:
    sample = np.random.default_rng(0).exponential(size=150)

    assert error_quantiles(sample[:, None])[0] == pytest.approx(half_mirrored(sample))


def test_symmetric_errors_keep_their_quantiles_and_a_median_of_zero() -> None:
    sample = np.linspace(-1, 1, 201)

    found = error_quantiles(sample[:, None])[0]

    assert found == pytest.approx(np.quantile(sample, PROBABILITIES, method="hazen"))
    assert found[len(found) // 2] == pytest.approx(0)


@pytest.mark.parametrize(("origins", "neighbours"), [(5, 2), (30, 2), (31, 1), (120, 1), (121, 0)])
def test_fewer_origins_borrow_the_errors_of_more_steps_beside(origins: int, neighbours: int) -> None:
    errors = 100.0 * np.arange(7) + np.random.default_rng(origins).normal(size=(origins, 7))

    found = error_quantiles(errors)

    for step in range(7):
        pooled = errors[:, max(0, step - neighbours) : step + neighbours + 1].ravel()
        assert found[step] == pytest.approx(half_mirrored(pooled))


def test_what_is_not_known_is_no_error() -> None:
    """Far steps are known at fewer origins: their neighbours weigh as much as there is of them."""
    draw = np.random.default_rng(1)
    known = np.arange(12)[:, None] + np.arange(4) < 12
    errors = np.where(known, draw.normal(size=(12, 4)), np.nan)
    shuffled = draw.permutation(errors)

    pooled = errors[:, 1:4][known[:, 1:4]]
    assert error_quantiles(shuffled)[3] == pytest.approx(half_mirrored(pooled))


@pytest.mark.parametrize(("seen", "good"), [((40, 40, 5), 3), ((40, 40, 4), 2), ((40, 4, 4), 1)])
def test_a_step_seen_fewer_than_five_times_widens_the_last_good_one_by_the_root_of_time(
    seen: tuple[int, ...], good: int
) -> None:
    errors = np.random.default_rng(2).normal(size=(40, 5))
    errors[np.arange(40)[:, None] >= [*seen, 0, 0]] = np.nan

    found = error_quantiles(errors)

    around = errors[:, max(0, good - 2) : good + 1]
    assert found[good - 1] == pytest.approx(half_mirrored(around[np.isfinite(around)]))
    for step in range(good, 5):
        assert found[step] == pytest.approx(found[good - 1] * np.sqrt((step + 1) / good))


def test_where_no_step_was_seen_five_times_each_stands_for_itself() -> None:
    errors = np.array([[1.0, -3.0, np.nan], [np.nan, -3.0, np.nan]])
    steps = [errors[:, :3], errors, errors]

    for found, pooled in zip(error_quantiles(errors), steps, strict=True):
        assert found == pytest.approx(half_mirrored(pooled[np.isfinite(pooled)]))


def test_stretches_that_overlap_are_hardly_evidence_of_skew() -> None:
    """Of 40 origins one step apart, 40 errors are independent at the first step, and two at the twentieth."""
    errors = np.random.default_rng(3).exponential(size=(40, 20))

    apart, beside = error_quantiles(errors, 20.0), error_quantiles(errors, 1.0)

    assert apart == pytest.approx(error_quantiles(errors))
    assert beside[0] == pytest.approx(apart[0])
    assert apart[19, 7] > 2 * beside[19, 7] > 0  # the median
    assert beside[19, 14] - beside[19, 0] == pytest.approx(apart[19, 14] - apart[19, 0])


def test_errors_that_nobody_knows_are_zero() -> None:
    assert error_quantiles(np.full((9, 4), np.nan)).tolist() == [[0] * len(PROBABILITIES)] * 4
    assert error_quantiles(np.empty((0, 2))).tolist() == [[0] * len(PROBABILITIES)] * 2


def test_a_step_without_errors_beside_it_has_none() -> None:
    """Step 4 of few origins is three from the only one that was seen, and nothing was seen five times."""
    errors = np.full((3, 4), np.nan)
    errors[:, 0] = 2.0

    found = error_quantiles(errors)

    assert found[:3, -1] == pytest.approx(0.5 * 2)
    assert not found[3].any()
