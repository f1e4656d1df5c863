"""What tests run in a process of its own: ``python -m tests.connect.spark.clients MASTER FOLDER PANEL...``.

A process has one kind of session: MASTER is local-cluster[...], or sc://HOST:PORT of a Connect server.
"""

import sys
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from tests.connect.spark.panels import PANELS, daily, on_spark
from tests.connect.spark.sessions import session

__all__ = ["forecasts", "remote"]


def forecasts(spark: Any, folder: Path, names: Iterable[str]) -> None:
    """The forecasts of data sets, as Parquet files by their name."""
    for name in names:
        panel = PANELS[name]()
        pq.write_table(
            on_spark(spark, panel, partitions=2, shards=4).forecasts().toArrow(), folder / f"{name}.parquet"
        )


def remote(spark: Any, folder: Path) -> None:
    """By a thin client: tuning in a Pipeline, saving, loading, joining."""
    from pyspark.ml import Pipeline, PipelineModel
    from pyspark.ml.feature import Imputer
    from pyspark.ml.tuning import ParamGridBuilder

    from stepcast.connect.spark import (
        RollingOriginValidator,
        StepcastForecaster,
        WeightedQuantileLossEvaluator,
    )

    rows = spark.createDataFrame(daily().rows)
    imputer = Imputer(inputCols=["target_value"], outputCols=["whole"])
    forecaster = StepcastForecaster(horizon=7, frequency="D", targetCol="whole")
    grid = ParamGridBuilder().addGrid(forecaster.algorithm, ["NPTS", "ETS"]).build()
    validator = RollingOriginValidator(
        estimator=Pipeline(stages=[imputer, forecaster]),
        estimatorParamMaps=grid,
        evaluator=WeightedQuantileLossEvaluator(labelCol="whole"),
        numFolds=1,
    )
    found = validator.fit(rows)
    model = found.bestModel
    for _ in range(2):  # the second time over the first
        model.write().overwrite().save(str(folder / "model"))
    again = PipelineModel.load(str(folder / "model"))
    ahead = spark.sql("select 'item 1' as item_id, timestamp '2026-03-12' as timestamp, 1d as target_value")
    (first,), (second,) = model.transform(ahead).collect(), again.transform(ahead).collect()
    assert first == second, (first, second)
    assert first["p50"] is not None
    metrics = dict(zip(("NPTS", "ETS"), found.avgMetrics, strict=True))
    assert model.stages[-1].getOrDefault("algorithm") == min(metrics, key=lambda name: metrics[name]), metrics


def main() -> None:
    master, folder = sys.argv[1], Path(sys.argv[2])
    warnings.simplefilter("ignore")
    if master.startswith("sc://"):
        from pyspark.sql import SparkSession

        spark = SparkSession.builder.remote(master).getOrCreate()
    else:
        spark = session(master, folder)
    forecasts(spark, folder, sys.argv[3:])
    if master.startswith("sc://"):
        remote(spark, folder)
    spark.stop()


if __name__ == "__main__":
    main()
