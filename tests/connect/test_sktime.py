"""sktime's interface. Its own checks, which take minutes, are run by ``python -m tests.sktime_checks``."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import stepcast

pytest.importorskip("sktime", reason="sktime is not here: it needs pandas before 3.1, which is not locked")


@pytest.fixture
def forecaster() -> Any:
    from stepcast.connect.sktime import StepcastForecaster

    return StepcastForecaster(algorithm="NPTS")


def test_a_panel_is_forecast_as_by_the_forecaster(forecaster: Any) -> None:
    months = pd.period_range("2021-01", periods=40, freq="M")
    index = pd.MultiIndex.from_product([["desk", "lamp"], months], names=["item", "month"])
    y = pd.DataFrame({"sales": np.random.default_rng(0).normal(size=80)}, index=index)

    made = forecaster.fit(y, fh=[1, 3]).predict_quantiles(alpha=[0.05, 0.9])

    rows = y.reset_index().assign(month=lambda frame: frame["month"].dt.to_timestamp())
    own = stepcast.Forecaster(3, quantiles=(0.05, 0.9), algorithm="NPTS")
    expected = own.fit(rows, item_id="item", timestamp="month", target="sales").predict()
    np.testing.assert_array_equal(made.to_numpy(), expected.loc[[0, 2, 3, 5], ["p5", "p90"]].to_numpy())
    assert list(made.index) == [(item, months[-1] + step) for item in ("desk", "lamp") for step in (1, 3)]


def test_positions_have_no_calendar(forecaster: Any) -> None:
    weekly = pd.Series(np.arange(70) % 7, dtype=float)

    made = forecaster.fit(weekly, fh=range(1, 8)).predict()

    assert list(made.index) == list(range(70, 77))
    assert made.round(9).nunique() == 1
