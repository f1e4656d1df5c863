"""One shard's backtest as three tables: forecasted values, accuracy by window, leaderboard."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stepcast.engine.accuracy import Sums
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
        backtest, predicted = self.trained.backtest, self._predicted()
        starts = self._stamps(backtest.starts).to_pylist()
        ends = self._stamps(backtest.starts + self.task.horizon - 1).to_pylist()
        of_window = [
            Sums.each(
                backtest.actual[:, window], predicted[:, window], self.task.outputs, backtest.scale[:, window]
            )
            for window in range(len(starts))
        ]
        rows = []
        for number in range(len(self.shard.keys)):
            computed = [
                (window, _metrics(sums[number]))
                for window, sums in enumerate(of_window)
                if sums[number].points and (backtest.whole[number, window] or not as_service)
            ]
            if not computed:
                continue
            key = self._key(number)
            for window, metrics in computed:
                times = {"backtestwindow_start_time": starts[window], "backtestwindow_end_time": ends[window]}
                rows.append({**key, "backtest_window": "Computed", **times, **metrics})
            means = {name: _mean([metrics[name] for _, metrics in computed]) for name in computed[0][1]}
            first, last = min(window for window, _ in computed), max(window for window, _ in computed)
            # Window 1 is the latest.
            times = {"backtestwindow_start_time": starts[last], "backtestwindow_end_time": ends[first]}
            rows.append({**key, "backtest_window": "Summary", **times, **means})
        return pa.Table.from_pylist(rows, schema=accuracy_schema(self.params))

    def leaderboard(self) -> pa.Table:
        """One row per item: the model and members of its forecast, its accuracy and SeasonalNaive's."""
        backtest = self.trained.backtest
        models = [
            Sums.each(backtest.actual, backtest.predicted[:, :, model], self.task.outputs, backtest.scale)
            for model in range(len(self.trained.models))
        ]
        rows = []
        for number, (why, *each) in enumerate(zip(self.forecast.explanations, *models, strict=True)):
            sums = dict(zip(self.trained.models, each, strict=True))
            notes = [why.note, self._missing(number, _judged(sums).points)]
            rows.append(
                {
                    **self._key(number),
                    "scope": "item",
                    "model": self.forecast.models[number],
                    **_figures(sums, self.task),
                    "coverage": _finite(self.trained.coverage[number]),
                    "seasons": ", ".join(map(str, why.seasons)) or None,
                    "weights": _shares(why.weights),
                    "sources": _shares(why.sources),
                    "impacts": _shares(why.impacts),
                    "note": "; ".join(filter(None, notes)) or None,
                }
            )
        return pa.Table.from_pylist(rows, schema=leaderboard_schema(self.params, self.trained.models))

    def _missing(self, number: int, points: int) -> str:
        """The part of an item's backtest that could not be scored, as a note."""
        if not points:
            return UNTESTED
        there = np.isfinite(self.trained.backtest.actual[number]).any(axis=1)
        asked = int(there.sum()) * self.task.horizon
        return (
            ""
            if points == asked
            else f"backtested on {points} of {asked} points: the other points were not observed"
        )

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

    def _key(self, number: int) -> dict[str, str]:
        names = (name.lower() for name in self.shard.key_names)
        return dict(zip(names, self.shard.keys[number], strict=True))

    def _key_columns(self, series: NDArray[np.int64]) -> dict[str, pa.Array]:
        keys = self.shard.keys
        return {
            name.lower(): pa.array([key[part] for key in keys], pa.string()).take(series)
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


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
