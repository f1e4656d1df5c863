"""Exports the forecasts and the accuracy of all levels of a hierarchy."""

from typing import Any

from stepcast.engine.accuracy import Sums
from stepcast.pipeline import layout, objects, shard_list, tables
from stepcast.pipeline.csv_files import csv_bytes, parquet_bytes
from stepcast.pipeline.hierarchy.level_accuracy import LevelAccuracy
from stepcast.pipeline.hierarchy.level_tables import accuracy_columns, forecast_columns, level_forecasts
from stepcast.pipeline.params import Params
from stepcast.pipeline.run import Run
from stepcast.pipeline.shards import read_shard
from stepcast.pipeline.task import task_of
from stepcast.pipeline.trained_files import read_results

__all__ = ["export_levels"]


def export_levels(
    run: Run, params: Params, predictor: str, of_series: dict[str, Sums], s3: Any
) -> dict[str, Any]:
    """Write the tables ``forecast_levels`` and ``accuracy_levels``; what the manifest says of them.

    ``of_series``  sums of losses over all series, by model.
    """
    accuracy = LevelAccuracy(params, task_of(params))
    sums = shard_list.sum_shards(s3, run.bucket, run.work)
    for number in [*sums, *shard_list.series_shards(s3, run.bucket, run.work)]:
        shard = read_shard(objects.read(s3, run.bucket, layout.shard(run.work, number)))
        trained, forecast = read_results(s3, run, number, reconciled=True)
        made = csv_bytes(level_forecasts(shard, forecast.values, params))
        objects.write(s3, run.bucket, layout.levels_part(run.vintage, number), made)
        if number in sums:
            accuracy.add(shard, trained)
    key = f"{layout.accuracy(predictor, tables.ACCURACY_LEVELS)}part-0.parquet"
    objects.write(s3, run.bucket, key, parquet_bytes(accuracy.table([*of_series.values()])))
    return {"levels_columns": forecast_columns(params), "accuracy_levels_columns": accuracy_columns(params)}
