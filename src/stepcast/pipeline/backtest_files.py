"""One shard's backtest as three tables: forecasted values, accuracy by window, leaderboard."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stepcast.engine.accuracy import EachSums, Sums
from stepcast.engine.arrays import Floats
from stepcast.engine.calendar import stamp_of
from stepcast.engine.results import Forecast, Trained
from stepcast.engine.task import Task
from stepcast.pipeline.csv_files import stamps
from stepcast.pipeline.params import Params, output_label
from stepcast.pipeline.shards import Shard
from stepcast.pipeline.vintages import Evaluation

__all__ = ["Scoreboard", "ShardBacktest", "accuracy_in_sql", "leaderboard_schema", "metrics_in_sql"]

ISO = "%Y-%m-%dT%H:%M:%S"
UNTESTED = "not backtested: no window has observed values both before and inside it"


@dataclass(frozen=True)
class ShardBacktest:
    """The training results of one shard, ready to be written."""

    shard: Shard
    trained: Trained
    forecast: Forecast
    params: Params
    task: Task

    def forecasted_values(self) -> pa.Table:
        """Amazon Forecast's backtest export: actual and forecast of every scored series, window and point.

        Like the service, omits windows of a series that contain a filled value.
        """
        backtest, predicted = self.trained.backtest, self._predicted()
        scored = np.isfinite(backtest.actual).any(axis=2) & np.isfinite(predicted).all(axis=(2, 3))
        scored &= backtest.whole
        series, windows = np.nonzero(scored)
        horizon = self.task.horizon
        periods = (backtest.starts[windows][:, None] + np.arange(horizon)).ravel()
        columns: dict[str, Any] = self._key_columns(np.repeat(series, horizon))
        columns["timestamp"] = self._stamps(periods)
        columns["target_value"] = pa.array(backtest.actual[series, windows].ravel(), from_pandas=True)
        columns["backtestwindow_start_time"] = self._stamps(np.repeat(backtest.starts[windows], horizon))
        columns["backtestwindow_end_time"] = self._stamps(
            np.repeat(backtest.starts[windows] + horizon - 1, horizon)
        )
        for number, output in enumerate(self.task.outputs):
            columns[output_label(output)] = pa.array(predicted[series, windows, :, number].ravel())
        return pa.table(columns)

    def accuracy(self, *, as_service: bool) -> pa.Table:
        """One row per item and window (Computed), and one per item (Summary: the mean of its windows).

        With ``as_service``, omits windows of an item that contain a filled value, as the service does;
        otherwise their observed points count.
        """
        backtest, predicted, task = self.trained.backtest, self._predicted(), self.task
        windows = backtest.actual.shape[1]
        of_window = [
            EachSums.of(
                backtest.actual[:, window], predicted[:, window], task.outputs, backtest.scale[:, window]
            )
            for window in range(windows)
        ]
        computed = np.stack([sums.points > 0 for sums in of_window], axis=1)
        if as_service:
            computed &= backtest.whole
        any_, first = computed.any(axis=1), computed.argmax(axis=1)
        last = windows - 1 - computed[:, ::-1].argmax(axis=1)
        # Of each series its windows, then its summary; window 1 is the latest.
        there = np.column_stack([computed, any_])
        series, place = np.nonzero(there)
        summary = place == windows
        columns: dict[str, Any] = self._key_columns(series)
        columns["backtest_window"] = pa.array(["Computed", "Summary"]).take(pa.array(summary.astype(np.int8)))
        ends = self._stamps(backtest.starts + task.horizon - 1)
        starts = self._stamps(backtest.starts)
        columns["backtestwindow_start_time"] = starts.take(pa.array(np.where(summary, last[series], place)))
        columns["backtestwindow_end_time"] = ends.take(pa.array(np.where(summary, first[series], place)))
        of_metric = [_metrics_of_each(sums) for sums in of_window]
        for name in of_metric[0]:
            values = np.column_stack([metrics[name] for metrics in of_metric])
            values = np.where(computed & np.isfinite(values), values, np.nan)
            columns[name] = _numbers(np.column_stack([values, _means(values)])[there])
        return pa.table(columns, schema=accuracy_schema(self.params))

    def leaderboard(self) -> pa.Table:
        """One row per item: the model and members of its forecast, its accuracy and SeasonalNaive's."""
        backtest, count = self.trained.backtest, len(self.shard.keys)
        sums = {
            name: EachSums.of(
                backtest.actual, backtest.predicted[:, :, model], self.task.outputs, backtest.scale
            )
            for model, name in enumerate(self.trained.models)
        }
        ours, *_, naive = (next(iter(sums.values())), *sums.values())
        metric = self.task.metric
        asked = np.isfinite(backtest.actual).any(axis=2).sum(axis=1) * self.task.horizon
        unscored = map(_unscored, ours.points.tolist(), asked.tolist())
        explained = self.forecast.explanations
        columns: dict[str, Any] = self._key_columns(np.arange(count))
        columns |= {"scope": ["item"] * count, "model": self.forecast.models, "metric": [metric] * count}
        columns |= {"score": _numbers(ours.metric(metric))}
        columns |= {score_column(name): _numbers(own.metric(metric)) for name, own in sums.items()}
        columns |= {
            "wql": _numbers(ours.average_wql),
            "wql_seasonal_naive": _numbers(naive.average_wql),
            "coverage": _numbers(self.trained.coverage),
            "seasons": [", ".join(map(str, why.seasons)) or None for why in explained],
            "weights": [_shares(why.weights) for why in explained],
            "sources": [_shares(why.sources) for why in explained],
            "impacts": [_shares(why.impacts) for why in explained],
            "note": [
                "; ".join(filter(None, (why.note, more))) or None
                for why, more in zip(explained, unscored, strict=True)
            ],
        }
        return pa.table(columns, schema=leaderboard_schema(self.params, self.trained.models))

    def judged(self) -> int:
        """The number of items with at least one scored point."""
        return int(np.isfinite(self.trained.backtest.actual).any(axis=(1, 2)).sum())

    def sums(self) -> dict[str, Sums]:
        """Sums for each model over all items; sums of shards can be added."""
        return self._sums(slice(None))

    def window_sums(self) -> list[dict[str, Sums]]:
        """The same by window, the latest first."""
        windows = range(len(self.trained.backtest.starts))
        return [self._sums((slice(None), slice(window, window + 1))) for window in windows]

    def window_times(self) -> list[tuple[str, str]]:
        """The first and the last moment of each window, the latest first; alike in every shard."""
        starts = self.trained.backtest.starts
        ends = starts + self.task.horizon - 1
        return list(zip(self._stamps(starts).to_pylist(), self._stamps(ends).to_pylist(), strict=True))

    def _sums(self, items: slice | tuple[slice, slice]) -> dict[str, Sums]:
        actual, scale = self.trained.backtest.actual[items], self.trained.backtest.scale[items]
        predicted = np.moveaxis(self.trained.backtest.predicted[items], -3, 0)
        return {
            name: Sums.of(actual, own, self.task.outputs, scale)
            for name, own in zip(self.trained.models, predicted, strict=True)
        }

    def _predicted(self) -> NDArray[np.float64]:
        """The backtest of the evaluated model: (series, windows, horizon, outputs)."""
        return self.trained.backtest.predicted[:, :, 0]

    def _key_columns(self, series: NDArray[np.int64]) -> dict[str, pa.Array]:
        keys = self.shard.keys
        return {
            name.lower(): pa.array([key[part] for key in keys], pa.string()).take(pa.array(series))
            for part, name in enumerate(self.shard.key_names)
        }

    def _stamps(self, periods: NDArray[np.int64]) -> pa.Array:
        return stamps(stamp_of(periods, self.shard.panel.frequency), ISO)


@dataclass(frozen=True)
class Scoreboard:
    """The models' figures over all items of all shards: first the evaluated model, last SeasonalNaive.

    ``windows`` has the same by backtest window, the latest first.
    """

    sums: dict[str, Sums]
    task: Task
    windows: list[dict[str, Sums]]

    @property
    def best(self) -> str:
        """The model of the forecast: AutoPredictor, or the requested algorithm."""
        return next(iter(self.sums))

    @property
    def points(self) -> int:
        """The number of scored points in the backtest."""
        return _judged(self.sums).points

    def scores(self) -> dict[str, float | None]:
        """The metric of every model over all items; None if nothing was scored."""
        return {name: _finite(sums.metric(self.task.metric)) for name, sums in self.sums.items()}

    def leaderboard(self, params: Params, tuned: str = "") -> pa.Table:
        """The row of scope ``all``, in addition to the items' rows; ``tuned`` is noted there."""
        ours = _judged(self.sums)
        row = {
            "scope": "all",
            "model": self.best,
            **_figures(self.sums, self.task),
            "coverage": _finite(ours.coverage),
            "note": "; ".join(filter(None, ("over all items" if ours.points else UNTESTED, tuned))),
        }
        return pa.Table.from_pylist([row], schema=leaderboard_schema(params, tuple(self.sums)))

    def evaluations(self, times: list[tuple[str, str]]) -> tuple[Evaluation, ...]:
        """Every model over all windows, then in each, the latest first; ``times`` are the windows' ends."""
        whole: tuple[int | None, tuple[str, str], dict[str, Sums]]
        whole = (None, (times[-1][0], times[0][1]), self.sums)
        numbered = zip(range(1, len(times) + 1), times, self.windows, strict=True)
        return tuple(
            Evaluation(
                model=model,
                window=window,
                start=start,
                end=end,
                points=sums.points,
                metrics={
                    **metrics_in_sql(sums),
                    "coverage": _finite(sums.coverage),
                },
            )
            for window, (start, end), by_model in (whole, *numbered)
            for model, sums in by_model.items()
        )

    def metric_data(self) -> list[dict[str, Any]]:
        """For CloudWatch: WQL by algorithm and quantile, RMSE by algorithm; omits what was not scored."""
        data = []
        for name, sums in self.sums.items():
            algorithm = {"Name": "Algorithm", "Value": name}
            for quantile, loss in zip(sums.quantiles, sums.wql, strict=True):
                data.append(("WQL", [algorithm, {"Name": "Quantile", "Value": f"{quantile:g}"}], loss))
            data.append(("RMSE", [algorithm], sums.rmse))
        return [
            {"MetricName": metric, "Dimensions": dimensions, "Value": value}
            for metric, dimensions, value in data
            if np.isfinite(value)
        ]


def accuracy_schema(params: Params) -> pa.Schema:
    """Columns of the service's accuracy-metrics-values."""
    numbers = _metrics(Sums.nothing(params.forecast.outputs))
    text = [*(name.lower() for name in params.series_key), "backtest_window"]
    text += ["backtestwindow_start_time", "backtestwindow_end_time"]
    return pa.schema([(name, pa.string()) for name in text] + [(name, pa.float64()) for name in numbers])


def accuracy_in_sql(shards: list[pa.Table]) -> pa.Table:
    """The shards' accuracy as the SQL table ``accuracy``: column names without brackets and spaces."""
    table = pa.concat_tables(shards)
    return table.rename_columns([sql_name(name) for name in table.column_names])


def leaderboard_schema(params: Params, models: tuple[str, ...]) -> pa.Schema:
    """Columns of the SQL table ``leaderboard``."""
    text, numbers = pa.string(), pa.float64()
    columns = [*(name.lower() for name in params.series_key), "scope", "model", "metric"]
    figures = ["score", *map(score_column, models), "wql", "wql_seasonal_naive", "coverage"]
    words = ["seasons", "weights", "sources", "impacts", "note"]
    kinds = {**dict.fromkeys(columns, text), **dict.fromkeys(figures, numbers), **dict.fromkeys(words, text)}
    return pa.schema(kinds.items())


def sql_name(metric: str) -> str:
    """A metric's column in SQL.

    >>> sql_name("wQL[0.1]"), sql_name("Average wQL"), sql_name("RMSE")
    ('wql_p10', 'average_wql', 'rmse')
    """
    if match := re.fullmatch(r"wQL\[(.+)\]", metric):
        return f"wql_{output_label(float(match[1]))}"
    return metric.lower().replace(" ", "_")


def score_column(model: str) -> str:
    """A model's column in the leaderboard.

    >>> score_column("SeasonalNaive"), score_column("ETS")
    ('score_seasonal_naive', 'score_ets')
    """
    return "score_" + re.sub(r"(?<=[a-z])(?=[A-Z])", "_", model).lower()


def _judged(sums: dict[str, Sums]) -> Sums:
    """The sums of the forecast's model: the first."""
    return next(iter(sums.values()))


def _figures(sums: dict[str, Sums], task: Task) -> dict[str, Any]:
    """The leaderboard's figures for ``sums`` by model, the last of which is SeasonalNaive."""
    ours, *_, naive = (_judged(sums), *sums.values())
    return {
        "metric": task.metric,
        "score": _finite(ours.metric(task.metric)),
        **{score_column(name): _finite(one.metric(task.metric)) for name, one in sums.items()},
        "wql": _finite(ours.average_wql),
        "wql_seasonal_naive": _finite(naive.average_wql),
    }


def _shares(shares: tuple[tuple[str, float], ...]) -> str | None:
    """Names with their shares, as readable text.

    >>> _shares((("ridge", 0.4123), ("theta", 0.2)))
    'ridge 0.41, theta 0.2'
    """
    return ", ".join(f"{name} {share:.2g}" for name, share in shares) or None


def _metrics(sums: Sums) -> dict[str, float | None]:
    """The service's columns, in its order."""
    losses = {f"wQL[{q:g}]": loss for q, loss in zip(sums.quantiles, sums.wql, strict=True)}
    others = {"RMSE": sums.rmse, "WAPE": sums.wape, "MAPE": sums.mape, "MASE": sums.mase}
    named = {**losses, "Average wQL": sums.average_wql, **others}
    return {name: _finite(value) for name, value in named.items()}


def metrics_in_sql(sums: Sums) -> dict[str, float | None]:
    """The service's metrics, by their columns in SQL."""
    return {sql_name(name): value for name, value in _metrics(sums).items()}


def _metrics_of_each(sums: EachSums) -> dict[str, Floats]:
    """``_metrics`` of many."""
    losses = {f"wQL[{q:g}]": loss for q, loss in zip(sums.quantiles, sums.wql.T, strict=True)}
    others = {"RMSE": sums.rmse, "WAPE": sums.wape, "MAPE": sums.mape, "MASE": sums.mase}
    return {**losses, "Average wQL": sums.average_wql, **others}


def _means(values: Floats) -> Floats:
    """The mean of each row (rows,) of what is known in it; nan of nothing."""
    known = np.isfinite(values)
    total = np.zeros(len(values))
    for column in np.where(known, values, 0.0).T:
        total += column
    return np.where(known.any(axis=1), total / np.maximum(known.sum(axis=1), 1), np.nan)


def _numbers(values: Floats) -> pa.Array:
    """As a column, in which what is not finite is missing."""
    return pa.array(values, pa.float64(), mask=~np.isfinite(values))


def _unscored(points: int, asked: int) -> str:
    """The part of an item's backtest that could not be scored, as a note."""
    if not points:
        return UNTESTED
    if points == asked:
        return ""
    return f"backtested on {points} of {asked} points: the other points were not observed"


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
