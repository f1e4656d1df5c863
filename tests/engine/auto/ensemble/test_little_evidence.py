"""How large the errors of a series may be that has hardly any of its own."""

import numpy as np
import pytest

from stepcast.engine.auto.ensemble.little_evidence import scale_of_little

FOUR = np.array([100.0, 104, 99, 102])  # their changes are 4 on average


def of(values: np.ndarray, scale: float = 0.0, origins: int = 0, season: int = 1) -> float:
    return scale_of_little(scale, origins, 12, values, season)


def test_a_single_value_is_uncertain_by_a_fifth_of_it() -> None:
    assert of(np.array([np.nan, -50.0])) == pytest.approx(10)


def test_few_changes_are_widened_and_drawn_toward_a_fifth_of_the_level() -> None:
    expected = 4 * (1 + 1 / 3)
    level = 0.2 * FOUR.mean()

    assert of(FOUR) == pytest.approx(expected * (level / expected) ** (0.25 / 3.25))
    assert of(np.tile(FOUR, 50)) == pytest.approx(np.abs(np.diff(np.tile(FOUR, 50))).mean(), rel=0.01)


def test_small_changes_by_chance_do_not_make_a_series_certain() -> None:
    """Of two values that are nearly the same nobody knows that the third will be."""
    assert of(np.array([100.0, 100.1])) > 0.5


def test_errors_count_the_more_the_more_there_are() -> None:
    sizes = [of(FOUR, 1.0, origins) for origins in (0, 2, 6, 11, 12)]

    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] == of(FOUR)
    assert sizes[-1] == 1.0


def test_a_season_that_is_known_is_no_uncertainty() -> None:
    swings = np.tile([10.0, 50.0, 30.0, 80.0], 3) + np.arange(12)

    assert of(swings, season=4) < of(swings) / 4


def test_values_without_neighbours_change_as_well() -> None:
    gaps = np.full(8, np.nan)
    gaps[::2] = FOUR

    assert of(gaps) == of(gaps, season=3) == of(FOUR)


def test_what_never_changed_is_left_alone() -> None:
    assert of(np.full(4, 7.0)) == of(np.zeros(3)) == 0
    assert of(np.full(4, 7.0), scale=2.0, origins=1) == 2
    assert of(np.empty(0), scale=2.0) == 2
