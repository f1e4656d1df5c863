"""Steps so far ahead that the past has few of them to show are as wide as the growth of the errors says."""

import numpy as np
import pytest

from stepcast.engine.arrays import Floats
from stepcast.engine.auto.ensemble.far_steps import far_factors

STEPS = 100


def errors_like(sizes: Floats, far: float = 1.0, origins: int = 40) -> Floats:
    """Errors of these sizes from ``origins`` 5 apart; from step 60 on, ``far`` times that was seen."""
    errors = np.tile(sizes, (origins, 1)) * np.where(np.arange(STEPS) >= 60, far, 1.0)
    errors[::2] *= -1
    end = 5 * origins
    unknown = 5 * np.arange(origins)[:, None] + np.arange(STEPS) >= end
    return np.where(unknown, np.nan, errors)


def test_a_random_walk_goes_on_growing_where_few_errors_have_been_seen() -> None:
    factors = far_factors(errors_like(np.sqrt(np.arange(STEPS) + 1), far=0.5), 5.0, None)

    assert (factors[:15] == 1).all()
    assert 1.3 < factors[-1] < 2.1, "what was seen so far ahead is half as large, and little"


def test_errors_around_a_level_stay_as_they_are() -> None:
    np.testing.assert_allclose(far_factors(errors_like(np.ones(STEPS)), 5.0, None), 1.0)


def test_others_say_half_of_the_growth() -> None:
    level = errors_like(np.ones(STEPS))

    walking, steady = np.sqrt(np.arange(16) + 1), np.ones(16)
    assert far_factors(level, 5.0, walking)[-1] > 1.1
    np.testing.assert_allclose(far_factors(level, 5.0, steady), 1.0)
    np.testing.assert_allclose(far_factors(level, 5.0, walking[:6]), 1.0, err_msg="too few steps to tell")


@pytest.mark.parametrize(
    "errors",
    [np.full((3, 10), np.nan), np.empty((0, 10)), np.zeros((400, 10)), np.ones((2, 10))],
    ids=["unknown", "no origins", "no errors", "few"],
)
def test_without_evidence_nothing_is_widened(errors: Floats) -> None:
    np.testing.assert_array_equal(far_factors(errors, 1.0, None), np.ones(10))
