"""StepcastForecaster on two cores: the in-process numbers, the import's problems, Spark's ways."""

import io
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import stepcast
from stepcast.connect.errors import ConnectorError
from tests.connect.spark.panels import PANELS, Panel, daily, in_process, on_spark, sorted_rows

# Rows that are added up, which one of the data sets has.
pytestmark = pytest.mark.filterwarnings("ignore::stepcast.DataWarning")


@pytest.fixture(scope="module")
def model(spark: Any) -> Any:
    return on_spark(spark, daily(), scaleCol="scale")


@pytest.mark.parametrize("name", PANELS)
def test_forecasts_are_the_in_process_engines_bit_for_bit(spark: Any, name: str) -> None:
    panel = PANELS[name]()

    expected = in_process(panel)
    model = on_spark(spark, panel, partitions=3, shards=4)

    assert sorted_rows(model.forecasts().toArrow()) == sorted_rows(expected.predict())
    assert sorted_rows(model.backtest().toArrow()) == sorted_rows(expected.backtest())
    ours, theirs = (
        {row[panel.keys]: row["score"] for row in _keyed(table, panel)}
        for table in (model.leaderboard().toArrow(), expected.leaderboard())
    )
    assert {key for key, score in ours.items() if score != theirs[key]} <= {(None,) * len(panel.keys)}
    assert ours == pytest.approx(theirs, nan_ok=True)  # the sum over all items is one of other parts
    assert ours.keys() == theirs.keys()


def _keyed(table: pa.Table, panel: Panel) -> list[dict[Any, Any]]:
    return [{panel.keys: tuple(row[key] for key in panel.keys), **row} for row in table.to_pylist()]


def test_a_forecast_is_joined_to_its_rows_and_no_row_is_lost(spark: Any, model: Any) -> None:
    rows = [
        ("item 1", datetime(2026, 3, 12), "first of the horizon"),
        ("item 1", datetime(2026, 3, 18), "last of the horizon"),
        ("item 1", datetime(2026, 3, 19), "after it"),
        ("item 1", datetime(2026, 3, 11), "the past"),
        ("item 1", datetime(2026, 3, 12, 5), "between periods"),
        ("nobody", datetime(2026, 3, 12), "another item"),
        (None, None, "nothing"),
    ]
    given = spark.createDataFrame(rows, "item_id string, timestamp timestamp, `what.is it` string")

    found = model.transform(given).collect()
    joined = {row["what.is it"]: row for row in found}
    fewer = model.copy({model.handleInvalid: "skip"}).transform(given)

    ahead = {row["timestamp"]: row for row in model.forecasts().where("item_id = 'item 1'").collect()}
    assert len(found) == len(rows)
    assert joined.keys() == {what for _, _, what in rows}
    for what in ("first of the horizon", "last of the horizon"):
        same = ahead[joined[what]["timestamp"]]
        assert [joined[what][name] for name in ("p10", "p50", "p90", "scale")] == [
            same[name] for name in ("p10", "p50", "p90", "scale")
        ]
        assert joined.pop(what)["p10"] is not None
    assert all(row["p10"] is row["p50"] is row["p90"] is row["scale"] is None for row in joined.values())
    assert {row["what.is it"] for row in fewer.collect()} == {"first of the horizon", "last of the horizon"}


@pytest.mark.parametrize(
    ("kind", "moment"),
    [("date", date(2026, 3, 12)), ("string", "2026-03-12"), ("timestamp_ntz", datetime(2026, 3, 12))],
)
def test_timestamps_of_every_type_are_joined(spark: Any, model: Any, kind: str, moment: Any) -> None:
    rows = spark.createDataFrame([("item 1", moment)], f"item_id string, timestamp {kind}")

    (row,) = model.transform(rows).collect()

    assert row["timestamp"] == moment
    assert row["p50"] is not None


def test_forecasts_have_timestamps_of_the_fitted_type(spark: Any) -> None:
    for kind, first in (("date", date(2026, 3, 12)), ("string", "2026-03-12")):
        table = daily().rows
        rows = spark.createDataFrame(table).selectExpr(
            "item_id", f"cast(cast(timestamp as date) as {kind}) as day", "target_value"
        )
        panel = Panel(rows.toArrow(), daily().params, columns={"timestamp": "day", "target": "target_value"})

        forecasts = on_spark(spark, panel, algorithm="NPTS").forecasts()

        assert forecasts.agg({"day": "min"}).collect()[0][0] == first


def test_one_series_needs_no_item(spark: Any) -> None:
    rows = daily().rows.filter(pa.compute.equal(daily().rows["item_id"], "item 1")).drop(["item_id"])
    from stepcast.connect.spark import StepcastForecaster

    model = StepcastForecaster(horizon=7, frequency="D", algorithm="NPTS", itemCol="").fit(
        spark.createDataFrame(rows)
    )

    expected = stepcast.Forecaster(7, "D", algorithm="NPTS", fill="nan").fit(rows, item_id=None)
    assert sorted_rows(model.forecasts().toArrow()) == sorted_rows(expected.predict())


def test_covariates_may_be_columns_of_the_rows_themselves(spark: Any) -> None:
    panel = PANELS["promoted"]()
    assert panel.related is not None
    rows, related = (spark.createDataFrame(table) for table in (panel.rows, panel.related))
    together = related.where("item_id <> 'new'").join(rows, ["item_id", "timestamp"], "left")
    from stepcast.connect.spark import StepcastForecaster

    model = StepcastForecaster(**panel.params, relatedCols=["promotion"]).fit(together)

    apart = in_process(replace(panel, metadata=None, related=related.where("item_id <> 'new'").toArrow()))
    assert sorted_rows(model.forecasts().toArrow()) == sorted_rows(apart.predict())


def test_saved_models_forecast_the_same(spark: Any, model: Any, tmp_path: Path) -> None:
    from stepcast.connect.spark import StepcastForecaster, StepcastModel

    model.save(str(tmp_path / "model"))
    again = StepcastModel.load(str(tmp_path / "model"))

    assert again.uid == model.uid
    assert again.extractParamMap() == {getattr(again, p.name): v for p, v in model.extractParamMap().items()}
    for table in ("forecasts", "backtest", "leaderboard"):
        first, second = (sorted_rows(getattr(one, table)().toArrow()) for one in (model, again))
        assert repr(first) == repr(second)
    with pytest.raises(Exception, match="exists"):
        model.save(str(tmp_path / "model"))
    model.write().overwrite().save(str(tmp_path / "model"))

    forecaster = StepcastForecaster(horizon=3, frequency="W", parameters={"use_seasonal_model": False})
    forecaster.save(str(tmp_path / "forecaster"))
    assert StepcastForecaster.load(str(tmp_path / "forecaster")).settings() == forecaster.settings()
    files = {path.suffix for path in tmp_path.rglob("*") if path.is_file()}
    assert files <= {".parquet", ".txt", ".crc", ""}


def test_problems_are_the_imports_without_a_word_of_java(spark: Any) -> None:
    panel = daily()
    with pytest.raises(stepcast.InvalidInput) as problems:
        on_spark(spark, panel, horizon=501, quantiles=[1.5], algorithm="ETZ", holidays=["GB"])
    said = str(problems.value)
    assert "4 errors" in said
    for part in ("horizon", "quantiles", "ETS", "holidays", "'UK'"):
        assert part in said
    assert "org.apache" not in said

    with pytest.raises(ValueError, match="frequency 'hourly' is not allowed: write"):
        on_spark(spark, panel, frequency="hourly")

    rows = spark.createDataFrame(
        [("a", f"2026-02-{day}", 1.0) for day in (25, 26, 27, 28, 29, 30)],
        "item_id string, timestamp string, target_value double",
    )
    from stepcast.connect.spark import StepcastForecaster

    with pytest.raises(stepcast.InvalidInput, match=r"df lines 5, 6: .*2026-02-29.*Correct the date"):
        StepcastForecaster(horizon=1, frequency="D").fit(rows)


@pytest.mark.parametrize(
    ("rows", "params", "said"),
    [
        (
            "item_id string, day date, target_value double",
            {},
            "df has no column 'timestamp'; it has 'item_id', 'day'",
        ),
        (
            "item_id string, timestamp bigint, target_value double",
            {},
            "of type bigint: convert it to date or timestamp",
        ),
        ("item_id string, timestamp date, target_value string", {}, "of type string, not a number"),
        ("item_id string, timestamp date, target_value double", {}, "df has no rows"),
        (
            "item_id string, timestamp date, target_value double",
            {"relatedCols": ["price"]},
            "related has no column 'price'",
        ),
    ],
)
def test_wrong_rows_are_told_by_column(spark: Any, rows: str, params: Any, said: str) -> None:
    from stepcast.connect.spark import StepcastForecaster

    with pytest.raises(stepcast.WrongFrame, match=said):
        StepcastForecaster(horizon=1, frequency="D", **params).fit(spark.createDataFrame([], rows))


def test_what_is_missing_or_taken_is_told(spark: Any, model: Any) -> None:
    from stepcast.connect.spark import StepcastForecaster

    rows = spark.createDataFrame(daily().rows)
    with pytest.raises(ValueError, match="StepcastForecaster needs frequency"):
        StepcastForecaster(horizon=3).fit(rows)
    with pytest.raises(stepcast.WrongFrame, match="that the forecast adds, p50: rename"):
        model.transform(rows.withColumnRenamed("target_value", "p50"))
    with pytest.raises(stepcast.WrongFrame, match="no column 'timestamp'"):
        model.transform(rows.drop("timestamp"))


def test_what_fails_on_executors_is_told_without_a_word_of_java(
    spark: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was learned jointly is not what this algorithm learns."""
    sink = io.BytesIO()
    np.savez(sink, other=np.zeros(3))
    monkeypatch.setattr("stepcast.connect.spark.forecaster.learn", lambda *_: sink.getvalue())

    with pytest.raises(ConnectorError, match="a bug in Stepcast") as told:
        on_spark(spark, daily(), algorithm="")

    assert "java" not in str(told.value).lower()
