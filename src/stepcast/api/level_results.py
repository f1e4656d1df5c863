"""Forecasts and accuracy of all levels of a hierarchy as tables with the caller's names of columns."""

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add

import numpy as np
import pyarrow as pa

from stepcast.api.document import Columns
from stepcast.api.errors import WrongFrame
from stepcast.api.fitted import Fitted
from stepcast.api.results import forecast_columns, taken_names
from stepcast.engine.results import Forecast
from stepcast.pipeline.backtest_files import ShardBacktest
from stepcast.pipeline.hierarchy.level_accuracy import LevelAccuracy
from stepcast.pipeline.hierarchy.level_tables import accuracy_columns, level_keys
from stepcast.pipeline.hierarchy.paths import LEVEL
from stepcast.pipeline.params import Params
from stepcast.pipeline.task import task_of

__all__ = ["accuracy_levels_table", "check_level_names", "forecast_levels_table"]


def forecast_levels_table(
    parts: Sequence[tuple[Fitted, Sequence[Forecast]]], params: Params, columns: Columns
) -> pa.Table:
    """One row for each sum or series and moment: its level, where it belongs, then as in the forecast.

    ``parts`` are the sums and the series, with their forecasts.
    """
    names = _names(columns)
    tables = []
    for fitted, forecasts in parts:
        for shard, forecast in zip(fitted.shards, forecasts, strict=True):
            series, horizon, _ = forecast.values.shape
            places = pa.array(np.repeat(np.arange(series), horizon))
            keys = {
                names[name]: pa.array(_told(name, texts, names), pa.string()).take(places)
                for name, texts in level_keys(shard, params).items()
                if name in names
            }
            tables.append(pa.table({**keys, **forecast_columns(fitted.task, shard, forecast, columns)}))
    return pa.concat_tables(tables)


def accuracy_levels_table(
    series: Fitted, forecasts: Sequence[Forecast], sums: Fitted, params: Params, columns: Columns
) -> pa.Table:
    """A row for each level, then one for each sum, as in the run's table."""
    accuracy = LevelAccuracy(params, series.task)
    for shard, trained in zip(sums.shards, sums.trained, strict=True):
        accuracy.add(shard, trained)
    boards = [
        ShardBacktest(shard, trained, forecast, params, series.task).sums()
        for shard, trained, forecast in zip(series.shards, series.trained, forecasts, strict=True)
    ]
    table = accuracy.table([reduce(add, (board[name] for board in boards)) for name in boards[0]])
    names = _names(columns)
    told = pa.array(_told(LEVEL, table[LEVEL].to_pylist(), names), pa.string())
    table = table.set_column(table.column_names.index(LEVEL), LEVEL, told)
    return table.rename_columns([names.get(name, name) for name in table.column_names])


def check_level_names(columns: Columns, params: Params) -> None:
    """WrongFrame where a column of the tables of levels would be there twice."""
    own = {columns.timestamp, *taken_names(task_of(params))}
    own |= accuracy_columns(params).keys() - set(columns.level_names)
    for name in columns.levels:
        if name in own:
            raise WrongFrame(f"metadata: {name!r} is the name of a column of results: rename it")
    if LEVEL in (*columns.item_id, columns.timestamp):
        raise WrongFrame(f"df: {LEVEL!r} is the name of a column of results: rename it")


def _names(columns: Columns) -> dict[str, str]:
    """The caller's name of each column, and of each level."""
    own = dict(zip(columns.level_names, columns.levels, strict=True))
    return {LEVEL: LEVEL, **own, **columns.keys}


def _told(column: str, texts: Sequence[str], names: Mapping[str, str]) -> Sequence[str]:
    """The texts of a column; levels by the caller's names of their columns."""
    return [names.get(text, text) for text in texts] if column == LEVEL else texts
