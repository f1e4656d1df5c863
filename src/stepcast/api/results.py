"""Forecasts, backtests and leaderboards as tables with the caller's names of columns."""

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add

import numpy as np
import pyarrow as pa

from stepcast.api.fitted import Fitted
from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.calendar import stamp_of
from stepcast.engine.frequency import Frequency
from stepcast.engine.results import Forecast
from stepcast.pipeline.backtest_files import Scoreboard, ShardBacktest
from stepcast.pipeline.forecast_files import moments_ahead
from stepcast.pipeline.params import Params, output_label
from stepcast.pipeline.shards import Shard

__all__ = ["backtest_table", "forecast_table", "leaderboard_table"]

MOMENTS = pa.timestamp("ns")  # what pandas users expect; days and seconds fit


def forecast_table(fitted: Fitted, forecasts: Sequence[Forecast], names: Mapping[str, str]) -> pa.Table:
    """One row for each series and moment: the series' key, the moment, mean if asked for, quantiles."""
    parts = []
    for shard, forecast in zip(fitted.shards, forecasts, strict=True):
        series, horizon, _ = forecast.values.shape
        moments = moments_ahead(shard, horizon)
        parts.append(
            pa.table(
                {
                    **_keys(shard, np.repeat(np.arange(series), horizon), names),
                    names["timestamp"]: pa.array(np.tile(moments, series)).cast(MOMENTS),
                    **_outputs(fitted, forecast.values.reshape(series * horizon, -1)),
                }
            )
        )
    return pa.concat_tables(parts)


def backtest_table(fitted: Fitted, names: Mapping[str, str]) -> pa.Table:
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
                    **_keys(shard, series, names),
                    "window": pa.array(windows + 1),
                    names["timestamp"]: _moments(periods, shard.panel.frequency),
                    names["target"]: pa.array(tested.actual[series, windows, steps]),
                    **_outputs(fitted, predicted[series, windows, steps]),
                }
            )
        )
    return pa.concat_tables(parts)


def leaderboard_table(fitted: Fitted, forecasts: Sequence[Forecast], params: Params) -> pa.Table:
    """The run's leaderboard: one row for each series, then one for each model over all of them."""
    boards = [
        ShardBacktest(shard, trained, forecast, params, fitted.task)
        for shard, trained, forecast in zip(fitted.shards, fitted.trained, forecasts, strict=True)
    ]
    parts = [board.sums() for board in boards]
    sums = {name: reduce(add, (part[name] for part in parts)) for name in parts[0]}
    whole = Scoreboard(sums, fitted.task, [])  # windows have tables of their own
    return pa.concat_tables([*(board.leaderboard() for board in boards), whole.leaderboard(params, "")])


def _keys(shard: Shard, series: Integers, names: Mapping[str, str]) -> dict[str, pa.Array]:
    return {
        names[name]: pa.array([key[part] for key in shard.keys], pa.string()).take(pa.array(series))
        for part, name in enumerate(shard.key_names)
        if name in names
    }


def _outputs(fitted: Fitted, values: Floats) -> dict[str, pa.Array]:
    """The mean first, if asked for, then the quantiles in rising order."""
    outputs = fitted.task.outputs
    order = sorted(range(len(outputs)), key=lambda place: (outputs[place] != "mean", place))
    return {output_label(outputs[place]): pa.array(np.ascontiguousarray(values[:, place])) for place in order}


def _moments(periods: Integers, frequency: Frequency) -> pa.Array:
    return pa.array(stamp_of(periods, frequency)).cast(MOMENTS)
