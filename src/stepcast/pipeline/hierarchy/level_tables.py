"""Forecasts and accuracy of all levels as tables with a column ``level``."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from stepcast.engine.accuracy import Sums
from stepcast.engine.arrays import Floats
from stepcast.engine.results import Trained
from stepcast.engine.task import Task
from stepcast.pipeline.backtest_files import metrics_in_sql
from stepcast.pipeline.csv_files import stamps
from stepcast.pipeline.forecast_files import STRFTIME, moments_ahead
from stepcast.pipeline.hierarchy.paths import LEVEL, SERIES, level_columns, paths_of
from stepcast.pipeline.params import Params, output_label
from stepcast.pipeline.shards import Shard

__all__ = [
    "accuracy_columns",
    "accuracy_rows",
    "forecast_columns",
    "level_forecasts",
    "level_keys",
    "level_row",
]

Key = tuple[str, ...]


def forecast_columns(params: Params) -> dict[str, str]:
    """Columns of ``forecast_levels`` and their SQL types: where a row belongs, then as in ``forecast``."""
    columns = [LEVEL, *_key_columns(params)]
    return {
        **dict.fromkeys(columns, "string"),
        "timestamp": "string",
        _target(params): "double",
        "type": "string",
    }


def level_forecasts(shard: Shard, values: Floats, params: Params) -> pa.Table:
    """Long: one row for each series or sum, type and moment. ``values`` is (series, horizon, outputs).

    A sum has no item, and nothing in the columns that split the levels below its own.
    """
    series, horizon, outputs = values.shape
    columns: dict[str, Any] = {
        name: pa.array(texts, pa.string()).take(np.repeat(np.arange(series), outputs * horizon))
        for name, texts in level_keys(shard, params).items()
    }
    dates = stamps(moments_ahead(shard, horizon), STRFTIME[params.timestamp_format])
    columns["timestamp"] = dates.take(np.tile(np.arange(horizon), series * outputs))
    columns[_target(params)] = pa.array(values.transpose(0, 2, 1).ravel())
    labels = [output_label(output) for output in params.forecast.outputs]
    columns["type"] = pa.array(np.tile(np.repeat(labels, horizon), series))
    return pa.table({name: columns[name] for name in forecast_columns(params)})


def level_keys(shard: Shard, params: Params) -> dict[str, list[str]]:
    """What each series of a shard, or each of its sums, has in the columns that say where it belongs."""
    levels = [name.lower() for name in level_columns(params)]
    if shard.key_names[0] == LEVEL:
        found = {LEVEL: [key[0] for key in shard.keys]}
        found |= {name: [key[place + 1] for key in shard.keys] for place, name in enumerate(levels)}
    else:
        found = {LEVEL: [SERIES] * len(shard.keys)}
        paths = [*paths_of(params, shard.keys, shard.panel.metadata)]
        found |= {name: [path[place] for path in paths] for place, name in enumerate(levels)}
        found |= {
            name.lower(): [key[place] for key in shard.keys] for place, name in enumerate(shard.key_names)
        }
    return {name: found.get(name, [""] * len(shard.keys)) for name in (LEVEL, *_key_columns(params))}


def accuracy_columns(params: Params) -> dict[str, str]:
    """Columns of ``accuracy_levels`` and their SQL types."""
    names = [LEVEL, *(name.lower() for name in level_columns(params)), "scope"]
    numbers = metrics_in_sql(Sums.nothing(params.forecast.outputs))
    others = ("coverage", "wql_unreconciled", "wql_seasonal_naive")
    return {
        **dict.fromkeys(names, "string"),
        "points": "bigint",
        **dict.fromkeys((*numbers, *others), "double"),
    }


def accuracy_rows(shard: Shard, trained: Trained, params: Params, task: Task) -> list[dict[str, Any]]:
    """One row of scope ``sum`` for each sum of a shard that was backtested, over all its windows."""
    each = [
        Sums.each(
            trained.backtest.actual,
            trained.backtest.predicted[:, :, model],
            task.outputs,
            trained.backtest.scale,
        )
        for model in range(len(trained.models))
    ]
    columns = [LEVEL, *(name.lower() for name in level_columns(params))]
    rows = []
    for key, *sums in zip(shard.keys, *each, strict=True):
        if sums[0].points:
            rows.append({**dict(zip(columns, key, strict=True)), "scope": "sum", **_figures(sums)})
    return rows


def level_row(level: str, sums: Sequence[Sums]) -> dict[str, Any]:
    """The row of scope ``level``: ``sums`` over all of a level, of the forecast, what it was before
    reconciliation, and SeasonalNaive."""
    return {LEVEL: level, "scope": "level", **_figures(sums)}


def _figures(sums: Sequence[Sums]) -> dict[str, Any]:
    ours, before, naive = sums
    figures = {
        **metrics_in_sql(ours),
        "coverage": ours.coverage,
        "wql_unreconciled": before.average_wql,
        "wql_seasonal_naive": naive.average_wql,
    }
    known = {
        name: value if value is not None and np.isfinite(value) else None for name, value in figures.items()
    }
    return {"points": ours.points, **known}


def _key_columns(params: Params) -> list[str]:
    return list(dict.fromkeys(name.lower() for name in (*level_columns(params), *params.series_key)))


def _target(params: Params) -> str:
    return params.target.target.lower()
