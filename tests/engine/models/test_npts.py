import numpy as np
import pytest

from stepcast.engine.calendar import period_of
from stepcast.engine.errors import BadParameter
from stepcast.engine.frequency import Frequency
from stepcast.engine.models.npts import npts, weighted_quantiles
from tests.engine.given import a_past, monthly

CLIMATE = {"kernel_type": "uniform", "use_seasonal_model": "False"}
NAN = float("nan")


def test_a_quantile_is_the_first_value_that_holds_its_share_of_the_weight() -> None:
    values, weights = np.array([4.0, 1.0, 2.0, 3.0]), np.array([1.0, 1.0, 1.0, 1.0])

    result = weighted_quantiles(values, weights, (0.1, 0.25, 0.26, 0.5, 0.99))

    assert result.tolist() == [1, 1, 2, 2, 4]


def test_ten_equal_weights_have_their_tenths_at_whole_observations() -> None:
    """Ten times 0.1 is not 1 in binary: rounding must not move a quantile by one observation."""
    tenths = tuple(place / 10 for place in range(1, 10))

    result = weighted_quantiles(np.arange(10.0), np.full(10, 0.1), tenths)

    assert result.tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8]


def test_the_climatological_variant_is_the_plain_distribution_of_the_past() -> None:
    prediction = npts(a_past([5, 1, 4, 2, 3]), 2, (0.2, 0.5, 1 - 1e-9), CLIMATE)

    assert prediction.quantiles.tolist() == [[1, 3, 5], [1, 3, 5]]
    assert prediction.mean.tolist() == [3, 3]


def test_the_exponential_kernel_prefers_the_recent() -> None:
    """Weights e^-ln2*lag: 1/4, 1/2 and 1, so the mean is (1*1 + 2*2 + 4*4) / 7."""
    parameters = {"use_seasonal_model": "False", "exp_kernel_weights": str(np.log(2))}

    prediction = npts(a_past([1, 2, 4]), 1, (0.1, 0.4, 0.5), parameters)

    assert prediction.mean == pytest.approx([21 / 7])
    assert prediction.quantiles.tolist() == [[1, 2, 4]]


def test_the_seasonal_variant_draws_from_the_same_month_only() -> None:
    """Three years in which each month has its number: the next two months are 1 and 2, surely."""
    past = a_past([*range(1, 13)] * 3, frequency="M", end=12 * 50 - 1)

    prediction = npts(past, 2, (0.01, 0.99), {})

    assert prediction.quantiles.tolist() == [[1, 1], [2, 2]]


def test_the_same_time_on_another_weekday_counts_a_tenth() -> None:
    """Two weeks of hours with 10 on working days and 0 at weekends, ending on a Friday midnight.

    Saturday 00:00 has ten working days to draw from and four days of weekend, two of them Saturdays: weight
    2 * 1 + 2 * 0.1 for 0 against 10 * 0.1 for 10.
    """
    unit = Frequency.parse("H")
    hours = np.datetime64("2024-01-06T00", "h") + np.arange(14 * 24)  # from a Saturday on
    weekend = (hours.astype("datetime64[D]").astype(int) + 3) % 7 >= 5
    end = int(period_of(hours[-1:].astype("datetime64[s]"), unit)[0])
    past = a_past(np.where(weekend, 0.0, 10.0), frequency="H", end=end)

    prediction = npts(past, 1, (0.5,), {"kernel_type": "uniform"})

    assert prediction.mean == pytest.approx([10 / 3.2])
    assert prediction.quantiles.tolist() == [[0]]


def test_a_time_never_observed_draws_from_all_others() -> None:
    past = a_past([1, 2, 3], frequency="M", end=2)  # January to March; April is next

    assert npts(past, 1, (0.01, 0.99), {"kernel_type": "uniform"}).quantiles.tolist() == [[1, 3]]


def test_the_context_is_the_latest_part_of_the_past() -> None:
    past = a_past([100, 100, 1, 2])

    prediction = npts(past, 1, (0.01, 0.99), {**CLIMATE, "context_length": "2"})

    assert prediction.quantiles.tolist() == [[1, 2]]


def test_missing_values_are_not_drawn() -> None:
    prediction = npts(a_past([1, NAN, 3, NAN]), 1, (0.01, 0.99), {**CLIMATE, "context_length": "3"})

    assert prediction.quantiles.tolist() == [[3, 3]]


def test_a_context_that_is_one_gap_gives_way_to_the_whole_past() -> None:
    prediction = npts(a_past([1, 3, NAN, NAN]), 1, (0.01, 0.99), {**CLIMATE, "context_length": "2"})

    assert prediction.quantiles.tolist() == [[1, 3]]


def test_the_exact_distribution_is_what_sampling_step_by_step_tends_to() -> None:
    """The algorithm as published draws each step from past values and from the steps drawn before it."""
    values, decay, horizon, paths = monthly(60), 0.05, 14, 20_000
    random = np.random.default_rng(1)
    drawn = np.empty((paths, 60 + horizon))
    drawn[:, :60] = values
    for step in range(60, 60 + horizon):
        comparable = np.arange(step % 12, step, 12)
        weights = np.exp(-decay * (step - comparable))
        drawn[:, step] = drawn[np.arange(paths), random.choice(comparable, paths, p=weights / weights.sum())]

    past = a_past(values, frequency="M", end=12 * 60 - 1)
    exact = npts(past, horizon, (0.1, 0.5, 0.9), {"exp_kernel_weights": str(decay)})

    sampled = drawn[:, 60:]
    noise = sampled.std(axis=0) / np.sqrt(paths)
    assert np.abs(exact.mean - sampled.mean(axis=0)) == pytest.approx(0, abs=5 * noise.max())
    for place, quantile in enumerate((0.1, 0.5, 0.9)):
        below = (sampled < exact.quantiles[:, place]).mean(axis=0)
        upto = (sampled <= exact.quantiles[:, place]).mean(axis=0)
        assert (below - 0.015 <= quantile).all()
        assert (upto + 0.015 >= quantile).all()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("kernel_type", "square"),
        ("exp_kernel_weights", "-1"),
        ("exp_kernel_weights", "much"),
        ("use_seasonal_model", "maybe"),
        ("context_length", "0"),
        ("context_length", "1.5"),
    ],
)
def test_a_bad_parameter_is_named_with_what_is_allowed(key: str, value: str) -> None:
    with pytest.raises(BadParameter, match=f"'{key}' is '{value}': write "):
        npts(a_past([1, 2, 3]), 1, (0.5,), {key: value})
