"""One shard's forecast as two tables: raw, in Amazon Forecast's layout, and clean, in that of ``train``."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stepcast.engine.arrays import Floats
from stepcast.engine.calendar import stamp_of
from stepcast.pipeline import tables
from stepcast.pipeline.csv_files import stamps
from stepcast.pipeline.params import Params, output_label
from stepcast.pipeline.shards import Shard

__all__ = ["STRFTIME", "clean_table", "moments_ahead", "raw_table"]

STRFTIME = {"yyyy-MM-dd": "%Y-%m-%d", "yyyy-MM-dd HH:mm:ss": "%Y-%m-%d %H:%M:%S"}


def moments_ahead(shard: Shard, horizon: int) -> NDArray[np.datetime64]:
    """The timestamp of each forecast period."""
    return stamp_of(shard.panel.end + 1 + np.arange(horizon), shard.panel.frequency)


def raw_table(shard: Shard, values: Floats, params: Params) -> pa.Table:
    """Wide: identifier, date, dimensions, one column for each output; one row for each series and moment.

    ``values`` is (series, horizon, outputs).
    """
    series, horizon, _ = values.shape
    dates = stamps(moments_ahead(shard, horizon), "%Y-%m-%dT%H:%M:%SZ")
    columns = {
        name.lower(): _repeat(part, horizon)
        for name, part in zip(shard.key_names, _parts(shard), strict=True)
    }
    columns["date"] = dates.take(np.tile(np.arange(horizon), series))
    for number, output in enumerate(params.forecast.outputs):
        columns[output_label(output)] = pa.array(values[:, :, number].ravel())
    return pa.table({name: columns[name] for name in tables.wide_columns(params)})


def clean_table(shard: Shard, values: Floats, params: Params) -> pa.Table:
    """Long: the target's schema in its order, and ``type``; one row for each series, type and moment.

    A dimension that is not among the forecast dimensions is empty.
    """
    series, horizon, outputs = values.shape
    dataset, rows = params.target, series * outputs * horizon
    dates = stamps(moments_ahead(shard, horizon), STRFTIME[params.timestamp_format])
    columns = {
        "timestamp": dates.take(np.tile(np.arange(horizon), series * outputs)),
        dataset.target.lower(): pa.array(values.transpose(0, 2, 1).ravel()),
        "type": pa.array(
            np.tile(np.repeat([output_label(o) for o in params.forecast.outputs], horizon), series)
        ),
    }
    for name, part in zip(shard.key_names, _parts(shard), strict=True):
        columns[name.lower()] = _repeat(part, outputs * horizon)
    empty = pa.array([""]).take(np.zeros(rows, dtype=np.int64))
    return pa.table({name: columns.get(name, empty) for name in tables.forecast_columns(dataset)})


def _parts(shard: Shard) -> list[pa.Array]:
    """The key of each series, one array for each key column."""
    return [
        pa.array([key[number] for key in shard.keys], pa.string()) for number in range(len(shard.key_names))
    ]


def _repeat(part: pa.Array, times: int) -> pa.Array:
    return part.take(np.repeat(np.arange(len(part)), times))
