"""Forecasts, backtests and leaderboards as tables with the caller's names of columns."""

from collections.abc import Sequence
from functools import reduce
from operator import add

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stepcast.api.document import Columns
from stepcast.api.errors import WrongFrame
from stepcast.api.fitted import Fitted
from stepcast.engine.arrays import Floats, Integers, Moments
from stepcast.engine.calendar import stamp_of
from stepcast.engine.results import Forecast
from stepcast.engine.task import Task
from stepcast.pipeline.backtest_files import Scoreboard, ShardBacktest
from stepcast.pipeline.forecast_files import moments_ahead
from stepcast.pipeline.params import Params, output_label
from stepcast.pipeline.shards import Shard

__all__ = [
    "backtest_table",
    "check_names",
    "forecast_columns",
    "forecast_table",
    "leaderboard_table",
    "taken_names",
]

WINDOW = "window"
MOMENTS = pa.timestamp("ns")  # what pandas users expect; days and seconds fit


def forecast_table(fitted: Fitted, forecasts: Sequence[Forecast], columns: Columns) -> pa.Table:
    """One row for each series and moment: the series' key, the moment, mean if asked for, quantiles."""
    parts = []
    for shard, forecast in zip(fitted.shards, forecasts, strict=True):
        series, horizon, _ = forecast.values.shape
        keys = _keys(shard, np.repeat(np.arange(series), horizon), columns)
        parts.append(pa.table({**keys, **forecast_columns(fitted.task, shard, forecast, columns)}))
    return pa.concat_tables(parts)


def forecast_columns(task: Task, shard: Shard, forecast: Forecast, columns: Columns) -> dict[str, pa.Array]:
    """The moment, mean if asked for, quantiles: of each series of a shard its horizon."""
    series, horizon, _ = forecast.values.shape
    moments = np.tile(moments_ahead(shard, horizon), series)
    values = forecast.values.reshape(series * horizon, -1)
    return {columns.timestamp: _moments(moments, columns.zone), **_outputs(task, values)}


def backtest_table(fitted: Fitted, columns: Columns) -> pa.Table:
    """One row for each series, window and observed moment: outcome and what had been forecast for it.

    ``window`` 1 is the latest. Filled values are no outcomes: they have no row.
    """
    parts = []
    for shard, trained in zip(fitted.shards, fitted.trained, strict=True):
        tested = trained.backtest
        predicted = tested.predicted[:, :, 0]
        series, windows, steps = np.nonzero(np.isfinite(tested.actual) & np.isfinite(predicted).all(axis=3))
        periods = tested.starts[windows] + steps
        parts.append(
            pa.table(
                {
                    **_keys(shard, series, columns),
                    WINDOW: pa.array(windows + 1),
                    columns.timestamp: _moments(stamp_of(periods, shard.panel.frequency), columns.zone),
                    columns.target: pa.array(tested.actual[series, windows, steps]),
                    **_outputs(fitted.task, predicted[series, windows, steps]),
                }
            )
        )
    return pa.concat_tables(parts)


def leaderboard_table(
    fitted: Fitted, forecasts: Sequence[Forecast], params: Params, columns: Columns
) -> pa.Table:
    """The run's leaderboard: one row for each series, then one over all of them."""
    boards = [
        ShardBacktest(shard, trained, forecast, params, fitted.task)
        for shard, trained, forecast in zip(fitted.shards, fitted.trained, forecasts, strict=True)
    ]
    parts = [board.sums() for board in boards]
    sums = {name: reduce(add, (part[name] for part in parts)) for name in parts[0]}
    whole = Scoreboard(sums, fitted.task, [])  # windows have tables of their own
    table = pa.concat_tables([*(board.leaderboard() for board in boards), whole.leaderboard(params, "")])
    if not columns.item_id:
        table = table.drop_columns(["item_id"])
    return table.rename_columns([columns.keys.get(name, name) for name in table.column_names])


def check_names(columns: Columns, task: Task) -> None:
    """WrongFrame where a column of the caller's has the name of a column of results."""
    results = taken_names(task)
    for name in (*columns.item_id, columns.timestamp, columns.target):
        if name in results:
            raise WrongFrame(f"df: {name!r} is the name of a column of results: rename it")


def taken_names(task: Task) -> set[str]:
    """Columns of results that have no other name in the caller's frames."""
    return {WINDOW, *map(output_label, task.outputs)}


def _keys(shard: Shard, series: Integers, columns: Columns) -> dict[str, pa.Array]:
    return {
        columns.keys[name]: pa.array([key[part] for key in shard.keys], pa.string()).take(pa.array(series))
        for part, name in enumerate(shard.key_names)
        if name in columns.keys
    }


def _outputs(task: Task, values: Floats) -> dict[str, pa.Array]:
    """The mean first, if asked for, then the quantiles in rising order."""
    outputs = task.outputs
    order = sorted(range(len(outputs)), key=lambda place: (outputs[place] != "mean", place))
    return {output_label(outputs[place]): pa.array(np.ascontiguousarray(values[:, place])) for place in order}


def _moments(local: Moments, zone: str | None) -> pa.Array:
    moments = pa.array(local).cast(MOMENTS)
    if zone is None:
        return moments
    return pc.assume_timezone(moments, zone, ambiguous="earliest", nonexistent="latest")
