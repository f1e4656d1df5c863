import numpy as np
import pytest

from stepcast.engine.models.seasonal_naive import seasonal_naive
from tests.engine.given import a_past

NAN = float("nan")


def test_the_last_season_repeats() -> None:
    prediction = seasonal_naive(a_past([9, 9, 1, 2, 3, 4], season=4), 6, (0.5,), {})

    assert prediction.mean.tolist() == [1, 2, 3, 4, 1, 2]
    assert prediction.quantiles[:, 0].tolist() == [1, 2, 3, 4, 1, 2]


def test_intervals_widen_with_every_season() -> None:
    """Each year is 2 above the last, so sigma is 2; the 84.13 % quantile lies one deviation up."""
    prediction = seasonal_naive(a_past([0, 10, 2, 12], season=2), 4, (0.8413447,), {})

    above = prediction.quantiles[:, 0] - prediction.mean
    assert above == pytest.approx([2, 2, 2 * np.sqrt(2), 2 * np.sqrt(2)])


def test_a_missing_value_is_looked_up_a_season_earlier() -> None:
    prediction = seasonal_naive(a_past([1, 2, 3, NAN, 5, NAN], season=2), 2, (0.5,), {})

    assert prediction.mean.tolist() == [5, 2]


def test_a_place_never_observed_takes_the_latest_value() -> None:
    prediction = seasonal_naive(a_past([1, NAN, 3, NAN], season=2), 2, (0.5,), {})

    assert prediction.mean.tolist() == [3, 3]


def test_one_observation_is_enough() -> None:
    prediction = seasonal_naive(a_past([7], season=1), 2, (0.1, 0.9), {})

    assert prediction.quantiles.tolist() == [[7, 7], [7, 7]]
