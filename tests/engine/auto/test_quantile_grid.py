"""Quantiles are read between those of the grid."""

import numpy as np
import pytest

from stepcast.engine.auto.series.quantile_grid import PROBABILITIES, at_probabilities


def test_between_two_of_the_grid_lines_are_straight() -> None:
    assert at_probabilities(10 * PROBABILITIES, np.array([0.1, 0.47, 0.9])) == pytest.approx([1, 4.7, 9])


def test_quantiles_that_span_all_numbers_rise_without_a_warning() -> None:
    widest = np.where(PROBABILITIES < 0.5, -1.7e308, 1.7e308)

    found = at_probabilities(widest, np.array([0.1, 0.47, 0.9]))

    assert np.isfinite(found).all()
    assert found.tolist() == sorted(found)
