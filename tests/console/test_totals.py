"""Sums of forecasts: how far apart their quantiles are."""

import numpy as np
import pyarrow as pa
import pytest

from stepcast.console.totals import add_up, correlation


def backtest(errors: np.ndarray) -> pa.Table:
    """Of one window, (series, moments): the forecast is 0, the interval is from -1 to 1."""
    series, moments = errors.shape
    return pa.table(
        {
            "backtestwindow_start_time": ["2026-01-01"] * errors.size,
            "timestamp": [str(moment) for moment in range(moments)] * series,
            "target_value": errors.ravel(),
            **{name: np.full(errors.size, value) for name, value in (("p10", -1), ("p50", 0.0), ("p90", 1))},
        }
    )


@pytest.mark.parametrize("together", [0.0, 0.3, 1.0])
def test_the_correlation_of_errors_is_found_and_the_sum_is_as_wide_as_they_make_it(together: float) -> None:
    chance = np.random.default_rng(3)
    alike, own = chance.normal(size=(1, 4000)), chance.normal(size=(30, 4000))
    errors = np.sqrt(together) * alike + np.sqrt(1 - together) * own

    found = correlation([backtest(errors)], "p50", ("p10", "p90"))

    assert found == pytest.approx(together, abs=0.03)
    edge = 1.2816  # of a normal distribution's 10%
    each = {"p10": np.full((30, 1), -edge), "p50": np.zeros((30, 1)), "p90": np.full((30, 1), edge)}
    summed = add_up([each], "p50", found)
    inside = (errors.sum(axis=0) > summed["p10"]) & (errors.sum(axis=0) < summed["p90"])
    assert inside.mean() == pytest.approx(0.8, abs=0.03)


def test_without_a_pair_nothing_is_known_of_errors() -> None:
    assert correlation([], "p50", ("p10", "p90")) is None
    assert correlation([backtest(np.ones((1, 5)))], "p50", ("p10", "p90")) is None
