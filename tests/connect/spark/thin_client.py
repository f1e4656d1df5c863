"""A client of a Connect server, in a process of its own: a process has one kind of session.

``python -m tests.connect.spark.thin_client sc://HOST:PORT FOLDER``
"""

import sys
import warnings
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from tests.connect.spark.panels import PANELS, daily, on_spark


def forecasts(spark: Any, folder: Path) -> None:
    """Those of all data sets, as Parquet files by their name."""
    for name, make in PANELS.items():
        panel = make()
        pq.write_table(on_spark(spark, panel, shards=2).forecasts().toArrow(), folder / f"{name}.parquet")


def tuned(spark: Any, folder: Path) -> None:
    """Tuning in a Pipeline, saving, loading, joining."""
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
    grid = ParamGridBuilder().addGrid(forecaster.algorithm, ["NPTS"]).build()
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
    assert 0 < found.avgMetrics[0] < 1


def main() -> None:
    from pyspark.sql import SparkSession

    warnings.simplefilter("ignore")
    spark, folder = SparkSession.builder.remote(sys.argv[1]).getOrCreate(), Path(sys.argv[2])
    forecasts(spark, folder)
    tuned(spark, folder)
    spark.stop()


if __name__ == "__main__":
    main()
