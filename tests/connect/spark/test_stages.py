"""Stages of pyspark.ml on two cores: the in-process numbers, the import's problems, tuning by time, the page.

One file, because each that is run by a process of its own would start a Java virtual machine of its own.
"""

import io
import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import stepcast
from stepcast.api.document import Columns, Settings, document_of, write_frames
from stepcast.api.fitted import learn
from stepcast.api.imported import Imported
from stepcast.connect.errors import ConnectorError
from stepcast.engine.sampling import Draw
from stepcast.pipeline import failures, layout, objects, resources
from stepcast.pipeline.file_bucket import FileBucket
from stepcast.pipeline.run import Run, ShardRun
from stepcast.pipeline.shards import Shard, write_shard
from stepcast.pipeline.steps.forecast import forecast
from stepcast.pipeline.steps.train_predictor import train_predictor
from tests.connect.spark.panels import PANELS, Panel, daily, in_process, on_spark, sorted_rows

# Rows that are added up, which one of the data sets has; covariates, which NPTS does not use.
pytestmark = pytest.mark.filterwarnings("ignore::stepcast.DataWarning")


@pytest.fixture(scope="module")
def model(spark: Any) -> Any:
    return on_spark(spark, daily(), partitions=3, shards=4, scaleCol="scale")


@pytest.mark.parametrize("name", PANELS)
def test_forecasts_are_the_in_process_engines_bit_for_bit(spark: Any, model: Any, name: str) -> None:
    panel = PANELS[name]()

    expected = in_process(panel)
    made = model if name == "daily" else on_spark(spark, panel, partitions=3, shards=4)

    assert sorted_rows(made.forecasts().drop("scale").toArrow()) == sorted_rows(expected.predict())
    assert sorted_rows(made.backtest().toArrow()) == sorted_rows(expected.backtest())
    ours, theirs = (
        {row[panel.keys]: row["score"] for row in _keyed(table, panel)}
        for table in (made.leaderboard().toArrow(), expected.leaderboard())
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
        on_spark(spark, panel, horizon=501, quantiles=[1.5], algorithm="ETZ", network="GRU", holidays=["GB"])
    said = str(problems.value)
    assert "5 errors" in said
    for part in ("horizon", "quantiles", "ETS", "network", "LSTM", "holidays", "'UK'"):
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


RUN = Run(bucket="b", run="r", vintage="2026-01-02T03-04-05Z-1f8a90c2")


def work_files(folder: Path) -> FileBucket:
    """A bucket with a run's three shards after FitShared."""
    panel = PANELS["promoted"]()
    columns, settings = Columns(), Settings(7, "D")
    (folder / "kept").mkdir(parents=True)
    files = write_frames(folder, columns, panel.rows, panel.related, panel.metadata)
    bucket = FileBucket({}, folder / "kept")
    with Imported(document_of(settings, columns, files), files) as imported:
        (whole,) = imported.shards()
        shared = learn([Draw.of(whole.panel)], imported.task)
        for number, places in enumerate(([0, 1], [2, 3], [4, 5])):
            keys = tuple(whole.keys[place] for place in places)
            sink = io.BytesIO()
            write_shard(sink, Shard(whole.key_names, keys, whole.panel.take(places)))
            objects.write(bucket, "b", layout.shard(RUN.work, number), sink.getvalue())
        params = imported.params
    numbers = [{"shard": number} for number in range(3)]
    objects.write_json(bucket, "b", layout.shard_list(RUN.work), numbers)
    objects.write(bucket, "b", layout.frozen_params(RUN.work), params.model_dump_json(by_alias=True))
    objects.write(bucket, "b", layout.shared(RUN.work), shared)
    resources.create(bucket, "b", "predictor", RUN.name_of(params.predictor.predictor_name), {})
    return bucket


def contents(bucket: FileBucket) -> dict[str, object]:
    """The objects by key; of documents, which have the time in them, whether they are ACTIVE."""
    found = {key: objects.read(bucket, "b", key) for key in objects.keys(bucket, "b", "")}
    return {key: b"ACTIVE" in body if key.startswith("resources/") else body for key, body in found.items()}


def test_a_runs_steps_write_the_same_objects_on_executors_as_in_functions(spark: Any, tmp_path: Path) -> None:
    from stepcast.connect.spark.shard_steps import run_shards

    functions, executors = (work_files(tmp_path / name) for name in ("functions", "executors"))
    for number in range(3):
        forecast(train_predictor(ShardRun(**RUN.model_dump(), shard=number), s3=functions), s3=functions)

    run_shards(spark, RUN, executors)

    assert contents(executors) == contents(functions)
    assert layout.predicted(RUN.work, 2) in contents(executors)


def test_a_shard_that_fails_leaves_the_functions_note(spark: Any, tmp_path: Path) -> None:
    from stepcast.connect.spark.shard_steps import StepFailed, run_shards

    bucket = work_files(tmp_path)
    objects.write(bucket, "b", layout.shard(RUN.work, 1), b"not Parquet")

    with pytest.raises(StepFailed, match="InternalError") as told:
        run_shards(spark, RUN, bucket)

    (note,) = failures.notes(bucket, RUN)
    assert note["Error"] == told.value.name
    assert note["Cause"].startswith("TrainPredictor, shard 1: ")
    assert "java" not in str(told.value).lower()
    assert layout.predicted(RUN.work, 0) in contents(bucket)  # as when one function of many fails


HORIZON = 7


def trend() -> Panel:
    """A trend, which NPTS, whose forecasts are values of the past, cannot continue."""
    noise = np.random.default_rng(5)
    days = np.arange(63)
    moments = (np.datetime64("2026-01-01") + days).astype("datetime64[us]")
    parts = [
        pa.table(
            {
                "item_id": [item] * 63,
                "timestamp": moments,
                "target_value": level + days + noise.normal(size=63),
            }
        )
        for item, level in (("a", 5.0), ("b", 40.0))
    ]
    return Panel(pa.concat_tables(parts), {"horizon": HORIZON, "frequency": "D", "windows": 2})


@pytest.fixture(scope="module")
def rows(spark: Any) -> Any:
    return spark.createDataFrame(trend().rows)


@pytest.fixture
def fitted(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The timestamps that each ``fit`` was given: the spy."""
    from stepcast.connect.spark import StepcastForecaster

    seen: list[Any] = []
    fit = StepcastForecaster._fit

    def spied(self: Any, dataset: Any) -> Any:
        seen.append([row["timestamp"] for row in dataset.select("timestamp").distinct().collect()])
        return fit(self, dataset)

    monkeypatch.setattr(StepcastForecaster, "_fit", spied)
    return seen


def grid_of(forecaster: Any) -> Any:
    from pyspark.ml.tuning import ParamGridBuilder

    return ParamGridBuilder().addGrid(forecaster.algorithm, ["NPTS", "ETS"]).build()


def test_no_row_after_an_origin_is_learned_from_and_the_backtests_choice_is_made(
    spark: Any, rows: Any, fitted: list[Any], tmp_path: Path
) -> None:
    from pyspark.ml import Pipeline
    from pyspark.ml.tuning import CrossValidatorModel

    from stepcast.connect.spark import (
        RollingOriginValidator,
        StepcastForecaster,
        WeightedQuantileLossEvaluator,
    )

    forecaster = StepcastForecaster(horizon=HORIZON, frequency="D", windows=2)
    validator = RollingOriginValidator(
        estimator=Pipeline(stages=[forecaster]),
        estimatorParamMaps=grid_of(forecaster),
        evaluator=WeightedQuantileLossEvaluator(),
        numFolds=2,
        parallelism=2,
        collectSubModels=True,
    )
    found = validator.fit(rows)

    first, last = datetime(2026, 1, 1), datetime(2026, 1, 1) + timedelta(62)
    ends = [max(moments) for moments in fitted]
    assert sorted(ends) == sorted([last - timedelta(HORIZON * fold) for fold in (1, 2)] * 2 + [last])
    assert {min(moments) for moments in fitted} == {first}
    assert ends[-1] == last  # the best of the grid, with all rows

    best = found.bestModel.stages[0]
    backtests = {}
    for name in ("NPTS", "ETS"):
        own = in_process(Panel(trend().rows, {**trend().params, "algorithm": name})).backtest()
        backtests[name] = [_wql(own.filter(pa.compute.equal(own["window"], window))) for window in (1, 2)]
    assert found.avgMetrics == pytest.approx([np.mean(backtests[name]) for name in ("NPTS", "ETS")], rel=1e-9)
    assert (
        best.getOrDefault("algorithm") == min(backtests, key=lambda name: np.mean(backtests[name])) == "ETS"
    )
    assert [len(fold) for fold in found.subModels] == [2, 2]
    assert found.getNumFolds() == 2

    validator.write().overwrite().save(str(tmp_path / "validator"))
    again = RollingOriginValidator.load(str(tmp_path / "validator"))
    assert isinstance(again, RollingOriginValidator)
    assert (again.uid, again.getNumFolds()) == (validator.uid, 2)
    assert again.getEstimatorParamMaps() == validator.getEstimatorParamMaps()
    found.write().option("persistSubModels", "false").save(str(tmp_path / "found"))
    loaded = CrossValidatorModel.load(str(tmp_path / "found"))
    assert loaded.avgMetrics == found.avgMetrics
    ahead = spark.createDataFrame([("a", last + timedelta(1))], "item_id string, timestamp timestamp")
    assert loaded.transform(ahead).collect() == found.transform(ahead).collect()


def _wql(rows: pa.Table) -> float:
    actual = rows["target_value"].to_numpy()
    losses = []
    for name, quantile in (("p10", 0.1), ("p50", 0.5), ("p90", 0.9)):
        error = actual - rows[name].to_numpy()
        losses.append(2 * np.maximum(quantile * error, (quantile - 1) * error).sum() / np.abs(actual).sum())
    return float(np.mean(losses))


def test_a_split_by_time_is_judged_by_the_horizon_after_it(
    rows: Any, fitted: list[Any], tmp_path: Path
) -> None:
    """With Spark's own evaluator of regressions, and by the ratio of periods, not of rows."""
    from pyspark.ml.evaluation import RegressionEvaluator

    from stepcast.connect.spark import StepcastForecaster, TemporalTrainValidationSplit

    forecaster = StepcastForecaster(horizon=HORIZON, frequency="D")
    split = TemporalTrainValidationSplit(
        estimator=forecaster,
        estimatorParamMaps=grid_of(forecaster),
        evaluator=RegressionEvaluator(labelCol="target_value", predictionCol="p50", metricName="rmse"),
        trainRatio=0.67,
    )
    found = split.fit(rows)

    origin = datetime(2026, 1, 1) + timedelta(int(0.67 * 63))
    assert [max(moments) for moments in fitted[:-1]] == [origin - timedelta(1)] * 2
    assert found.bestModel.getOrDefault("algorithm") == "ETS"
    naive, better = found.validationMetrics
    assert better < 2 < naive
    split.save(str(tmp_path / "split"))
    again = TemporalTrainValidationSplit.load(str(tmp_path / "split"))
    assert (type(again), again.getTrainRatio()) == (TemporalTrainValidationSplit, 0.67)


@pytest.mark.parametrize("name", ["CrossValidator", "TrainValidationSplit"])
def test_sparks_own_validators_are_warned_of(rows: Any, name: str) -> None:
    """Their rows are those before the end, which are not forecast: there is nothing to score."""
    from pyspark.ml import Pipeline, tuning

    from stepcast.connect.spark import RandomFoldsWarning, StepcastForecaster, WeightedQuantileLossEvaluator

    validator = getattr(tuning, name)(
        estimator=Pipeline(stages=[StepcastForecaster(horizon=HORIZON, frequency="D", algorithm="NPTS")]),
        estimatorParamMaps=[{}],
        evaluator=WeightedQuantileLossEvaluator(),
        seed=1,  # a fold of chance could hold the last row of all
    )
    with (
        pytest.warns(RandomFoldsWarning, match="Use RollingOriginValidator"),
        pytest.raises(ConnectorError, match="no row has both an outcome and a forecast"),
    ):
        validator.fit(rows.coalesce(1))


def test_what_is_known_ahead_is_all_that_a_fold_gets_of_its_horizon(
    spark: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stepcast.connect.spark import (
        RollingOriginValidator,
        StepcastForecaster,
        WeightedQuantileLossEvaluator,
    )

    seen: list[Any] = []
    fit = StepcastForecaster._fit

    def spied(self: Any, dataset: Any) -> Any:
        seen.append(dataset.where("timestamp >= '2026-02-25'").collect())
        return fit(self, dataset)

    monkeypatch.setattr(StepcastForecaster, "_fit", spied)
    rows = spark.createDataFrame(trend().rows).selectExpr("*", "target_value + 1 as price", "7 as secret")
    forecaster = StepcastForecaster(horizon=HORIZON, frequency="D", algorithm="NPTS", relatedCols=["price"])
    validator = RollingOriginValidator(
        estimator=forecaster,
        estimatorParamMaps=[{}],
        evaluator=WeightedQuantileLossEvaluator(),
        numFolds=1,
        knownCols=["price"],
    )
    with pytest.warns(stepcast.DataWarning, match="NPTS"):
        validator.fit(rows)

    fold, _ = seen
    horizon = [row for row in fold if row["timestamp"] >= datetime(2026, 2, 26)]
    assert len(horizon) == 2 * HORIZON
    assert all(row["target_value"] is None and row["secret"] is None for row in horizon)
    assert all(row["price"] is not None for row in horizon)


def test_folds_that_cannot_be_are_told(rows: Any) -> None:
    from pyspark.ml.tuning import ParamGridBuilder

    from stepcast.connect.spark import (
        RollingOriginValidator,
        StepcastForecaster,
        TemporalTrainValidationSplit,
        WeightedQuantileLossEvaluator,
    )

    forecaster = StepcastForecaster(horizon=HORIZON, frequency="D")
    grid = ParamGridBuilder().addGrid(forecaster.horizon, [7, 14]).build()
    for kind, given, said in (
        (RollingOriginValidator, {"numFolds": 9}, "63 periods, but 9 folds of horizon 7.*set numFolds to 8"),
        (RollingOriginValidator, {"estimatorParamMaps": grid}, "the grid changes horizon"),
        (RollingOriginValidator, {"estimator": WeightedQuantileLossEvaluator()}, "has 0 StepcastForecasters"),
        (RollingOriginValidator, {"knownCols": ["target_value"]}, "which is what is forecast"),
        (RollingOriginValidator, {"knownCols": ["price"]}, "no column price"),
        (TemporalTrainValidationSplit, {"trainRatio": 0.01}, "both parts need some"),
    ):
        params = {
            "estimator": forecaster,
            "estimatorParamMaps": [{}],
            "evaluator": WeightedQuantileLossEvaluator(),
            **given,
        }
        with pytest.raises(ConnectorError, match=said):
            kind(**params).fit(rows)


def test_metrics_are_the_engines(spark: Any) -> None:
    from stepcast.connect.spark import (
        CoverageEvaluator,
        MeanAbsoluteScaledErrorEvaluator,
        WeightedQuantileLossEvaluator,
    )
    from stepcast.engine.accuracy import Sums

    noise = np.random.default_rng(6)
    actual = noise.normal(5, 3, 60)
    forecast = np.sort(noise.normal(5, 3, (60, 3)), axis=1)
    names = ["target_value", "p10", "p50", "p90", "scale"]
    unknown = [[1.0, None, 1.0, 1.0, 1.0], [None, 1.0, 1.0, 1.0, 1.0], [float("nan"), 1.0, 1.0, 1.0, 1.0]]
    known = [[*map(float, row)] for row in zip(actual, *forecast.T, np.full(60, 2.0), strict=True)]
    rows = spark.createDataFrame([*known, *unknown], ", ".join(f"{name} double" for name in names))

    expected = Sums.of(actual[:, None], forecast[:, None], (0.1, 0.5, 0.9), np.full(60, 2.0))
    loss, mase, coverage = (
        WeightedQuantileLossEvaluator(),
        MeanAbsoluteScaledErrorEvaluator(),
        CoverageEvaluator(),
    )
    assert loss.evaluate(rows) == pytest.approx(expected.average_wql, rel=1e-12)
    assert mase.evaluate(rows.where("p10 is not null")) == pytest.approx(expected.mase, rel=1e-12)
    assert coverage.evaluate(rows) == pytest.approx(abs(expected.coverage - 0.8), rel=1e-12)
    share = coverage.copy({coverage.metricName: "coverage"})
    assert share.evaluate(rows) == pytest.approx(expected.coverage, rel=1e-12)
    assert [one.isLargerBetter() for one in (loss, mase, coverage, share)] == [False, False, False, True]

    with pytest.raises(
        ConnectorError, match=r"no column scale.*fit with StepcastForecaster\(scaleCol='scale'\)"
    ):
        mase.evaluate(rows.drop("scale"))
    with pytest.raises(ConnectorError, match="no column p10, p90"):
        loss.evaluate(rows.drop("p10", "p90"))


PAGE = Path(__file__).parents[3] / "docs/how-to/spark.md"


def test_the_script_of_the_page_tunes_saves_and_forecasts(
    spark: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    # Paths are those of Spark's driver, whose folder is not this one.
    script = "\n".join(blocks).replace('"tuned"', repr(str(tmp_path / "tuned")))

    exec(compile(script, "tune.py", "exec"), {})  # noqa: S102 - the page's own lines

    printed = capsys.readouterr().out
    (auto, npts), (distance,) = (
        [float(one) for one in re.findall(r"\d\.\d+", line)] for line in printed.splitlines()[:2]
    )
    assert auto < npts
    assert 0 <= distance < 0.8
    assert re.search(r"\|shop 0\|2026-05-21 00:00:00\| *\d+\.", printed)
    assert re.search(r"\|shop 0\|AutoPredictor\| *0\.", printed)
    assert (tmp_path / "tuned/stages").is_dir()
