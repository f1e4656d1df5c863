"""Tuning by time: nothing after an origin is learned from, and the choice is that of the own backtest."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import stepcast
from stepcast.connect.errors import ConnectorError
from tests.connect.spark.panels import Panel, in_process

HORIZON = 7


def panel() -> Panel:
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
    return spark.createDataFrame(panel().rows)


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
        own = in_process(Panel(panel().rows, {**panel().params, "algorithm": name})).backtest()
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
    )
    with (
        pytest.warns(RandomFoldsWarning, match="Use RollingOriginValidator"),
        pytest.raises(ConnectorError, match="no row has both an outcome and a forecast"),
    ):
        validator.fit(rows)


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
    rows = spark.createDataFrame(panel().rows).selectExpr("*", "target_value + 1 as price", "7 as secret")
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
