"""Frames of statsforecast: what is forecast is what stepcast.Forecaster forecasts, by other names."""

from typing import Any

import numpy as np
import pandas as pd
import polars
import pytest

import stepcast
from stepcast.api.errors import NotFitted, WrongFrame
from stepcast.connect.statsforecast import StepcastForecast

MONTHS = pd.date_range("2021-01-31", periods=48, freq="ME").as_unit("s")


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    year = 5 * np.sin(np.arange(48) * np.pi / 6)
    noise = np.random.default_rng(0).normal(size=(2, 48))
    parts = [
        pd.DataFrame({"unique_id": item, "ds": MONTHS, "y": level + year + own})
        for (item, level), own in zip({"a": 20, "b": 40}.items(), noise, strict=True)
    ]
    return pd.concat(parts, ignore_index=True)


def by_ets(**arguments: Any) -> StepcastForecast:
    return StepcastForecast(algorithm="ETS", **arguments)


def test_levels_are_quantiles_and_the_point_is_the_mean(frame: pd.DataFrame) -> None:
    made = by_ets(freq="ME").fit(frame).predict(3, level=[95, 80])

    assert list(made.columns) == [
        "unique_id",
        "ds",
        "Stepcast",
        "Stepcast-lo-95",
        "Stepcast-lo-80",
        "Stepcast-hi-80",
        "Stepcast-hi-95",
    ]
    own = stepcast.Forecaster(3, quantiles=(0.1, 0.9), mean=True, algorithm="ETS")
    expected = own.fit(frame, item_id="unique_id", timestamp="ds", target="y").predict()
    for name, column in (("ds", "ds"), ("Stepcast", "mean"), ("Stepcast-lo-80", "p10")):
        pd.testing.assert_series_equal(made[name], expected[column], check_names=False)
    assert (made["Stepcast-lo-95"] < made["Stepcast-lo-80"]).all()
    assert (made["Stepcast-hi-95"] > made["Stepcast-hi-80"]).all()
    assert list(made["ds"].dt.day)[:3] == [31, 28, 31]


def test_polars_and_other_names_are_answered_in_their_own(frame: pd.DataFrame) -> None:
    expected = by_ets(alias="ours").fit(frame).predict(2)
    renamed = polars.from_pandas(frame).rename({"unique_id": "sku", "ds": "month", "y": "sales"})

    made = by_ets(freq="1mo", alias="ours").forecast(
        2, renamed, id_col="sku", time_col="month", target_col="sales"
    )

    assert isinstance(made, polars.DataFrame)
    assert made.columns == ["sku", "month", "ours"]
    assert made["ours"].to_list() == expected["ours"].tolist()


def test_other_columns_explain_the_target() -> None:
    days = pd.date_range("2026-01-01", periods=64)
    promoted = (np.arange(64) * 7 % 5 == 0).astype(float)
    sales = 10 + 20 * promoted + np.random.default_rng(1).normal(size=64) / 10
    whole = pd.DataFrame({"unique_id": "a", "ds": days, "y": sales, "promoted": promoted})

    made = StepcastForecast().fit(whole[:60]).predict(4, X_df=whole[60:].drop(columns="y"))

    assert promoted[60:].tolist() == [1, 0, 0, 0]
    assert made["Stepcast"].tolist() == pytest.approx([30, 10, 10, 10], abs=3)


def test_what_is_wrong_is_named(frame: pd.DataFrame) -> None:
    with pytest.raises(NotFitted):
        by_ets().predict(3)
    with pytest.raises(WrongFrame, match=r"df has no column 'unique_id'.*id_col="):
        by_ets().fit(frame.rename(columns={"unique_id": "sku"}))
    with pytest.raises(ValueError, match="level is 99: write percentages above 0 and up to 98"):
        by_ets().fit(frame).predict(3, level=[99])
    with pytest.raises(WrongFrame, match="df has none: leave it out"):
        by_ets().fit(frame).predict(3, X_df=frame)
    with pytest.raises(TypeError, match="quantiles is not an argument here: predict has level"):
        by_ets(quantiles=[0.5])
    with pytest.raises(TypeError, match="seasons"):
        by_ets(seasons=12)
