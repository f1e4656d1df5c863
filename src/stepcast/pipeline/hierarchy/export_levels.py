"""Exports the forecasts and the accuracy of all levels of a hierarchy."""

from typing import Any

import pyarrow as pa

from stepcast.engine.accuracy import Sums
from stepcast.pipeline import layout, objects, shard_list, tables
from stepcast.pipeline.csv_files import csv_bytes, parquet_bytes
from stepcast.pipeline.hierarchy.level_tables import (
    accuracy_columns,
    accuracy_rows,
    forecast_columns,
    level_forecasts,
    level_row,
)
from stepcast.pipeline.hierarchy.paths import SERIES, level_names
from stepcast.pipeline.params import Params
from stepcast.pipeline.run import Run
from stepcast.pipeline.shards import read_shard
from stepcast.pipeline.task import task_of
from stepcast.pipeline.trained_files import read_results

__all__ = ["export_levels"]

SQL_TO_ARROW = {"string": pa.string(), "double": pa.float64(), "bigint": pa.int64()}


def export_levels(
    run: Run, params: Params, predictor: str, of_series: dict[str, Sums], s3: Any
) -> dict[str, Any]:
    """Write the tables ``forecast_levels`` and ``accuracy_levels``; what the manifest says of them.

    ``of_series``  sums of losses over all series, by model.
    """
    task = task_of(params)
    pooled: dict[str, list[Sums]] = {}
    rows: list[dict[str, Any]] = []
    sums = shard_list.sum_shards(s3, run.bucket, run.work)
    for number in [*sums, *shard_list.series_shards(s3, run.bucket, run.work)]:
        shard = read_shard(objects.read(s3, run.bucket, layout.shard(run.work, number)))
        trained, forecast = read_results(s3, run, number, reconciled=True)
        made = csv_bytes(level_forecasts(shard, forecast.values, params))
        objects.write(s3, run.bucket, layout.levels_part(run.vintage, number), made)
        if number not in sums:
            continue
        rows += accuracy_rows(shard, trained, params, task)
        tested = trained.backtest
        each = [
            Sums.each(tested.actual, tested.predicted[:, :, model], task.outputs, tested.scale)
            for model in range(len(trained.models))
        ]
        for (level, *_), *own in zip(shard.keys, *each, strict=True):
            known = pooled.get(level)
            pooled[level] = own if known is None else [a + b for a, b in zip(known, own, strict=True)]
    pooled[SERIES] = list(of_series.values())
    rows = [*(level_row(level, pooled[level]) for level in level_names(params)), *rows]
    columns = accuracy_columns(params)
    schema = pa.schema([(name, SQL_TO_ARROW[kind]) for name, kind in columns.items()])
    key = f"{layout.accuracy(predictor, tables.ACCURACY_LEVELS)}part-0.parquet"
    objects.write(s3, run.bucket, key, parquet_bytes(pa.Table.from_pylist(rows, schema=schema)))
    return {"levels_columns": forecast_columns(params), "accuracy_levels_columns": columns}
