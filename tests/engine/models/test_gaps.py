import numpy as np

from stepcast.engine.models.gaps import filled

NAN = float("nan")


def test_a_gap_without_a_season_is_a_straight_line() -> None:
    assert filled(np.array([1.0, NAN, NAN, 4.0]), season=1).tolist() == [1, 2, 3, 4]


def test_a_gap_keeps_the_shape_of_the_season() -> None:
    values = np.tile([0.0, 10.0, 50.0], 4)
    holed = values.copy()
    holed[[4, 5, 6, 11]] = NAN

    assert filled(holed, season=3).tolist() == values.tolist()


def test_before_the_first_and_after_the_last_observation_the_level_stays() -> None:
    assert filled(np.array([NAN, 2.0, 4.0, NAN]), season=1).tolist() == [2, 2, 4, 4]


def test_nothing_missing_is_left_as_it_is() -> None:
    values = np.array([3.0, 1.0])

    assert filled(values, season=1) is values
