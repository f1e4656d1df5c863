"""The member of the lower loss gets the larger weight, by as much as the evidence allows."""

import numpy as np
import pytest

from stepcast.engine.auto.ensemble.weights import buckets_of, confidence, log_losses, member_weights

ORIGINS, HORIZON = 4, 6
ACTUAL = np.full((ORIGINS, HORIZON), 10.0)
ALIKE = np.ones((ORIGINS, HORIZON))


def forecasts(*errors: object) -> np.ndarray:
    """One member for each of ``errors``, which come as (origins, horizon) or as what becomes that."""
    return np.stack([ACTUAL + np.broadcast_to(np.array(one, float), ACTUAL.shape) for one in errors])


def test_near_middle_and_far_steps_are_thirds_of_the_horizon() -> None:
    assert buckets_of(7).tolist() == [0, 0, 0, 1, 1, 2, 2]
    assert buckets_of(2).tolist() == [0, 1]
    assert buckets_of(1).tolist() == [0]


def test_a_loss_is_the_logarithm_of_the_error_beside_the_median_members() -> None:
    losses = log_losses(forecasts(1, -2, 6), ACTUAL, ALIKE)

    assert losses == pytest.approx(np.tile(np.log([[0.5], [1], [3]]), 3))


def test_the_loss_of_a_bucket_is_half_its_own_and_half_that_over_all_steps() -> None:
    better_near_by = [1, 1, 4, 4, 4, 4]

    losses = log_losses(forecasts(better_near_by, 2, 2), ACTUAL, ALIKE)

    near, far, overall = np.log(1 / 2), np.log(4 / 2), np.log(3 / 2)
    assert losses[0] == pytest.approx(np.array([near + overall, far + overall, far + overall]) / 2)
    assert losses[1:] == pytest.approx(0)


def test_what_is_not_known_yet_counts_for_nothing() -> None:
    """Only the first origin knows its far steps, and there the first member errs four times as much."""
    actual = np.where((np.arange(ORIGINS)[:, None] == 0) | (np.arange(HORIZON) < 4), ACTUAL, np.nan)
    errors = np.where(np.arange(ORIGINS)[:, None] == 0, [1, 1, 1, 1, 4, 4], 1.0)

    losses = log_losses(forecasts(errors, 1, 1), actual, ALIKE)

    overall = np.log((16 + 2 * 4) / 18)
    assert losses[0] == pytest.approx([overall / 2, overall / 2, (np.log(4) + overall) / 2])


def test_a_bucket_of_which_nothing_is_known_has_the_loss_over_all_steps() -> None:
    actual = np.where(np.arange(HORIZON) < 4, ACTUAL, np.nan)

    losses = log_losses(forecasts([1, 1, 4, 4, 9, 9], 2, 2), actual, ALIKE)

    overall = np.log(2.5 / 2)
    assert losses[0] == pytest.approx([(np.log(1 / 2) + overall) / 2, (np.log(2) + overall) / 2, overall])
    assert not log_losses(forecasts(1, 2, 3), np.full_like(ACTUAL, np.nan), ALIKE).any()


def test_squares_punish_the_one_large_error_that_absolute_errors_forgive() -> None:
    now_and_then = np.where(np.arange(ORIGINS)[:, None] % 2 == 0, 0, 2)
    made = forecasts(now_and_then, 1, 1)

    assert log_losses(made, ACTUAL, ALIKE)[0] == pytest.approx(0)
    assert log_losses(made, ACTUAL, ALIKE, 2.0)[0] == pytest.approx(np.log(np.sqrt(2)))


def test_an_error_counts_by_its_importance() -> None:
    """The last of four origins counts seven times: (1 + 1 + 1 + 7 * 3) beside 10 errors of one."""
    importance = np.where(np.arange(ORIGINS)[:, None] == 3, 7.0, 1.0) * ALIKE
    errors = np.where(np.arange(ORIGINS)[:, None] == 3, 3, 1)

    assert log_losses(forecasts(errors, 1, 1), ACTUAL, importance)[0] == pytest.approx(np.log(24 / 10))


def test_an_error_below_a_thousandth_of_the_values_counts_as_that() -> None:
    """Else a member that is right by chance would be worth any number of others."""
    half_known = np.where(np.arange(HORIZON) < 3, ACTUAL, np.nan)

    for actual in (ACTUAL, half_known, -half_known):
        made = np.sign(actual[0, 0]) * forecasts(0, 0.1, 0.1)
        assert log_losses(made, actual, 2 * ALIKE)[0] == pytest.approx(np.log(0.02 / 0.2), rel=1e-6)
    zeros = log_losses(np.zeros((3, ORIGINS, HORIZON)), 0 * ACTUAL, ALIKE)
    assert zeros.tolist() == [[0, 0, 0]] * 3


def test_a_single_outcome_of_a_bucket_is_enough() -> None:
    """One that was hit, and others missed by little: a thousandth of ten is what the hit counts as."""
    one, first = np.full((1, 3), 10.0), np.full((1, 1), 10.0)
    errors = np.array([[[0, 0.03, 0.03]], [[0.015, 0.015, 0.015]], [[0.015, 0.015, 0.015]]])

    losses = log_losses(one + errors, one, np.ones((1, 3)))
    alone = log_losses(first + errors[:, :, :1], first, np.ones((1, 1)))

    assert losses[0] == pytest.approx(np.log([0.01 / 0.015, 2, 2]) / 2 + np.log(0.02 / 0.015) / 2, rel=1e-6)
    assert alone[0] == pytest.approx(np.log(0.01 / 0.015), rel=1e-6)


def test_no_member_is_worse_or_better_than_another_by_more_than_e_to_the_fourth() -> None:
    losses = log_losses(forecasts(1000, 9, 9, 0.1), ACTUAL, ALIKE)

    assert losses[[0, 3]].tolist() == [[4, 4, 4], [-4, -4, -4]]


@pytest.mark.parametrize(("windows", "temperature"), [(0, 4), (8, 8), (24, 10)])
def test_the_better_count_the_more_the_more_windows_were_seen(windows: float, temperature: float) -> None:
    losses = np.array([[0.0, 0.3, 0.0], [0.2, 0.0, 0.0]])

    weights = member_weights(losses, 30, windows, np.zeros((2, 3)), 0)

    assert weights.sum(axis=0) == pytest.approx(1)
    assert weights[0] / weights[1] == pytest.approx(np.exp(temperature * (losses[1] - losses[0])))


def test_losses_are_shrunk_toward_the_expected_by_the_number_of_origins() -> None:
    own, expected = np.array([[0.0] * 3, [0.4] * 3]), np.array([[0.2] * 3, [0.0] * 3])

    weights = member_weights(own, 5, 0, expected, 15)

    shrunk = (5 * 0.4 - 15 * 0.2) / 20
    assert weights[0] / weights[1] == pytest.approx(np.exp(4 * shrunk))


def test_less_than_one_origin_speaks_as_softly_as_it_is_small() -> None:
    own = np.array([[0.0] * 3, [1.0] * 3])

    weights = member_weights(own, 0.25, 0, np.zeros((2, 3)), 0)

    assert weights[0] / weights[1] == pytest.approx(np.exp(4 * 0.25))


def test_only_differences_of_losses_count_whatever_their_size() -> None:
    losses = np.array([[1000.0, 0.0, -1000.0], [1000.1, 0.1, -999.9]])

    weights = member_weights(losses, 1, 0, np.zeros((2, 3)), 0)

    assert weights[0] / weights[1] == pytest.approx(np.exp(0.4))


def test_eight_windows_are_half_of_the_way_to_certainty() -> None:
    assert [confidence(windows) for windows in (0, 8, 24)] == [0, 0.5, 0.75]
