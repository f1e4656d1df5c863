import operator
from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepcast.engine.accuracy import EachSums, Sums
from stepcast.engine.losses import pinball_loss, point_forecast, seasonal_error
from tests.shared_data import shared_data

OUTPUTS = (0.1, 0.5, 0.9)
NAN = float("nan")


def of_one(
    actual: list[float], predicted: list[list[float]], outputs: tuple = OUTPUTS, scale: float = 1.0
) -> Sums:
    return Sums.of(np.array([actual]), np.array([predicted]), outputs, np.array([scale]))


def test_p90_dislikes_running_out_more_than_overstocking() -> None:
    ran_out, overstocked = pinball_loss(np.array([10.0, 10.0]) - np.array([8.0, 12.0]), 0.9)

    assert ran_out == pytest.approx(9 * overstocked)


def test_a_missing_actual_costs_nan_and_never_zero() -> None:
    assert np.isnan(pinball_loss(np.array([NAN]) - np.array([8.0]), 0.5)).all()


def test_wql_is_twice_the_pinball_loss_over_the_sum_of_actuals() -> None:
    """Median 8 for 10: loss 0.5 * 2 = 1, twice that over 10. p10 of 6: 0.1 * 4. p90 of 11: 0.1 * 1."""
    sums = of_one([10.0], [[6.0, 8.0, 11.0]])

    assert sums.wql == pytest.approx((0.08, 0.2, 0.02))
    assert sums.average_wql == pytest.approx(0.1)


def test_wql_of_the_median_is_wape_with_the_median() -> None:
    sums = of_one([10.0, 3.0], [[6.0, 8.0, 11.0], [1.0, 7.0, 9.0]])

    assert sums.wql[1] == pytest.approx(sums.wape) == pytest.approx(6 / 13)


def test_the_mean_is_the_point_forecast_where_asked_for() -> None:
    sums = of_one([10.0], [[8.0, 9.0]], outputs=(0.5, "mean"))

    assert (sums.wape, sums.rmse, sums.mape) == pytest.approx((0.1, 1.0, 0.1))
    assert sums.wql == pytest.approx((0.2,))


@pytest.mark.parametrize(
    ("outputs", "predicted", "expected"),
    [
        ((0.1, 0.5, 0.9), [1.0, 2.0, 9.0], 2.0),
        ((0.1, 0.9), [1.0, 9.0], 5.0),
        ((0.4, 0.8), [4.0, 8.0], 5.0),
        ((0.1, 0.3), [1.0, 3.0], 3.0),
        ((0.7, 0.9), [7.0, 9.0], 7.0),
        (("mean",), [6.0], 6.0),
    ],
)
def test_without_median_and_mean_the_point_forecast_lies_between_the_nearest_quantiles(
    outputs: tuple, predicted: list[float], expected: float
) -> None:
    assert point_forecast(np.array([predicted]), outputs) == pytest.approx([expected])


def test_coverage_is_the_share_of_outcomes_from_the_lowest_to_the_highest_quantile() -> None:
    """10 is above, 6 and 8 are the edges, nan is not scored; the mean is no quantile."""
    outputs = (0.1, 0.9, "mean")
    actual, predicted = [10.0, 6.0, 8.0, NAN], [[6.0, 8.0, 99.0]] * 4

    assert of_one(actual, predicted, outputs).coverage == pytest.approx(2 / 3)


def test_without_two_quantiles_there_is_no_coverage() -> None:
    assert np.isnan(of_one([1.0], [[1.0, 1.0]], (0.5, "mean")).coverage)
    assert np.isnan(of_one([1.0], [[1.0]], ("mean",)).coverage)


def test_rmse_is_the_root_of_the_mean_square() -> None:
    assert of_one([0.0, 0.0], [[0, 3, 9], [0, 4, 9]]).rmse == pytest.approx(np.sqrt(12.5))


def test_mase_is_the_error_over_that_of_repeating_the_last_season() -> None:
    history = np.array([1.0, 5.0, 3.0, 7.0])  # two up from season to season

    sums = of_one([4.0], [[0.0, 7.0, 9.0]], scale=seasonal_error(history, season=2))

    assert sums.mase == pytest.approx(3 / 2)


def test_a_history_without_a_change_has_no_mase() -> None:
    assert np.isnan(of_one([4.0], [[0.0, 7.0, 9.0]], scale=0.0).mase)
    assert np.isnan(of_one([4.0], [[0.0, 7.0, 9.0]], scale=NAN).mase)


def test_a_gap_leaves_out_the_pairs_it_is_part_of() -> None:
    assert seasonal_error(np.array([1.0, NAN, 3.0, 7.0]), season=1) == 4.0
    assert np.isnan(seasonal_error(np.array([1.0, NAN, 3.0]), season=1))


def test_mape_leaves_out_zeros() -> None:
    sums = of_one([0.0, 10.0], [[0, 5, 9], [0, 8, 9]])

    assert (sums.mape, sums.percentage_points) == (pytest.approx(0.2), 1)
    assert np.isnan(of_one([0.0], [[0, 5, 9]]).mape)


def test_where_actuals_sum_to_zero_the_numerator_is_reported() -> None:
    sums = of_one([0.0, 0.0], [[0.0, 1.0, 2.0], [0.0, 3.0, 4.0]])

    assert sums.wql == pytest.approx((0.0, 4.0, 2 * 0.6))
    assert sums.wape == pytest.approx(4.0)


def test_a_series_of_tiny_values_is_not_taken_for_zero() -> None:
    tiny = of_one([10e-200], [[6e-200, 8e-200, 11e-200]])

    assert tiny.wql == pytest.approx((0.08, 0.2, 0.02))


def test_what_is_missing_or_was_not_forecast_is_not_scored() -> None:
    sums = of_one([10.0, NAN, 10.0], [[6.0, 8.0, 11.0], [0.0, 0.0, 0.0], [NAN, NAN, NAN]])

    assert (sums.points, sums.forecasts) == (1, 1)
    assert sums.wql == pytest.approx((0.08, 0.2, 0.02))


def test_nothing_has_no_accuracy() -> None:
    nothing = Sums.nothing(OUTPUTS)

    metrics = [nothing.average_wql, nothing.wape, nothing.rmse, nothing.mase, nothing.mape]
    assert np.isnan(metrics).all()
    assert nothing.forecasts == 0


def test_without_quantiles_the_average_loss_is_wape() -> None:
    sums = of_one([10.0], [[8.0]], outputs=("mean",))

    assert np.isnan(sums.average_wql)
    assert sums.metric("AverageWeightedQuantileLoss") == sums.metric("WAPE") == pytest.approx(0.2)


def test_huge_values_have_an_infinite_rmse_and_a_finite_wape() -> None:
    sums = of_one([1e300], [[0.0, 2e300, 3e300]])

    assert sums.rmse == np.inf
    assert sums.wape == pytest.approx(1.0)


def test_sums_for_other_quantiles_do_not_add_up() -> None:
    with pytest.raises(ValueError, match="cannot be added"):
        Sums.nothing((0.1,)) + Sums.nothing((0.2,))


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_shards_add_up_to_the_pooled_figures(seed: int, cut: int) -> None:
    random = np.random.default_rng(seed)
    actual = np.where(random.random((7, 2, 3)) < 0.2, NAN, random.normal(size=(7, 2, 3)))
    predicted = random.normal(size=(7, 2, 3, 4))
    scale = random.random((7, 2))
    outputs = (0.1, 0.5, 0.9, "mean")

    whole = Sums.of(actual, predicted, outputs, scale)
    halves = [slice(None, cut), slice(cut, None)]
    parts = reduce(operator.add, [Sums.of(actual[s], predicted[s], outputs, scale[s]) for s in halves])

    assert (parts.forecasts, parts.points) == (whole.forecasts, whole.points)
    assert parts.wql == pytest.approx(whole.wql)
    for name in ("AverageWeightedQuantileLoss", "WAPE", "RMSE", "MASE", "MAPE"):
        assert parts.metric(name) == pytest.approx(whole.metric(name))


@pytest.mark.parametrize("name", ["m4_hourly", "hospital", "us_births_monthly", "saugeen_monthly"])
def test_seasonal_naive_scores_what_others_published(name: str) -> None:
    """GIFT-Eval's figures (made with statsforecast) for the same windows: wQL over nine quantiles, MASE."""
    import pandas as pd

    from stepcast.engine.models.seasonal_naive import seasonal_naive
    from tests.engine.given import a_past

    suite = pd.read_csv(shared_data("accuracy/suite.csv")).set_index("name").loc[name]
    data = pd.read_parquet(shared_data(f"accuracy/data/{name}.parquet"))
    nine = tuple(round(0.1 * place, 1) for place in range(1, 10))
    horizon, season = int(suite.horizon), int(suite.season)

    total = Sums.nothing(nine)
    for _, rows in data.groupby("item_id"):
        values = rows.target_value.to_numpy()
        for window in range(int(suite.windows)):
            cut = len(values) - horizon * (window + 1)
            predicted = seasonal_naive(a_past(values[:cut], season=season), horizon, nine, {}).quantiles
            scale = np.array(seasonal_error(values[:cut], season))
            total += Sums.of(values[cut : cut + horizon], predicted, nine, scale)

    assert total.average_wql == pytest.approx(suite.pub_seasonal_naive_wQL9, rel=0.02)
    assert total.mase == pytest.approx(suite.pub_seasonal_naive_MASE, rel=0.02)


@pytest.mark.parametrize("outputs", [(0.1, 0.5, 0.9), (0.5, "mean"), ("mean",)])
def test_the_metrics_of_many_at_once_are_those_of_each(outputs: tuple[float | str, ...]) -> None:
    """To the last bit, with gaps, with nothing scored, with zeros only, with an unknown scale."""
    draw = np.random.default_rng(3)
    actual, predicted = draw.normal(5, 3, (6, 2, 4)), draw.normal(5, 3, (6, 2, 4, len(outputs)))
    predicted.sort(axis=-1)
    actual[0, 1, 2], actual[1], actual[2] = np.nan, np.nan, 0.0
    scale = draw.uniform(1, 2, (6, 2))
    scale[3] = np.nan

    together = EachSums.of(actual, predicted, outputs, scale)

    each = [Sums.of(*one, outputs, of) for *one, of in zip(actual, predicted, scale, strict=True)]
    for name in ("wql", "average_wql", "wape", "rmse", "mase", "mape", "coverage"):
        np.testing.assert_array_equal(getattr(together, name), [getattr(one, name) for one in each])
    metric = "AverageWeightedQuantileLoss"
    np.testing.assert_array_equal(together.metric(metric), [one.metric(metric) for one in each])
    assert together.listed() == Sums.each(actual, predicted, outputs, scale)
