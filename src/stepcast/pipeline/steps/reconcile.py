"""Reconcile: make the forecasts of all levels of a hierarchy agree, in the backtest, too."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from stepcast.engine.arrays import Floats
from stepcast.engine.auto.series.quantile_grid import outputs_of
from stepcast.engine.hierarchy.reconcile import Base, Reconciliation
from stepcast.engine.hierarchy.tree import Tree
from stepcast.engine.keeping import limits_of
from stepcast.engine.panel import Panel
from stepcast.engine.results import Forecast, Trained, coverage_of
from stepcast.engine.task import Task
from stepcast.pipeline import layout, objects, shard_list
from stepcast.pipeline.hierarchy.paths import paths_of
from stepcast.pipeline.internal_errors import step
from stepcast.pipeline.log import log
from stepcast.pipeline.params import Params
from stepcast.pipeline.run import Run
from stepcast.pipeline.shards import Shard, read_shard
from stepcast.pipeline.task import ALL_QUANTILES, shard_task, task_of
from stepcast.pipeline.trained_files import read_forecast, read_trained, write_reconciled

__all__ = ["UNRECONCILED", "reconcile"]

UNRECONCILED = "Unreconciled"  # the model of forecasts that were made one by one, for comparison


@step
def reconcile(run: Run, *, s3: Any) -> Run:
    """The run unchanged; the forecasts of all shards, of series and of sums, are stored for Export.

    Shards of series are read one at a time, several times. Idempotent. Without a hierarchy, there is nothing
    to do.

    Raises Superseded on newer input.
    """
    run.check_current(s3)
    params = run.params(s3)
    if params.predictor.hierarchy is None:
        return run
    work = Work(run, params, s3)
    nodes = [work.tables(number) for number in work.sums]
    above = np.concatenate([tables for tables, _ in nodes], axis=1)
    actual = np.concatenate([outcome for _, outcome in nodes], axis=1)
    reconciliation = Reconciliation(work.tree(), above, work.parts, actual, params.predictor.hierarchy.method)
    for number, made in zip(work.series, reconciliation.series(), strict=True):
        work.write(number, made)
    made, begin = reconciliation.sums(), 0
    weights = [weight for one in reconciliation.combined for weight in one.weight.tolist()]
    for number, (tables, _) in zip(work.sums, nodes, strict=True):
        stop = begin + tables.shape[1]
        work.write(number, made[:, begin:stop], weights[begin:stop])
        begin = stop
    log.info("reconciled", run=run.run, sums=begin, method=params.predictor.hierarchy.method)
    return run


class Work:
    """The shards of a run, as the engine's reconciliation takes them."""

    def __init__(self, run: Run, params: Params, s3: Any) -> None:
        self._run, self._params, self._s3 = run, params, s3
        self._asked, self._made = task_of(params), shard_task(params)
        self.series = shard_list.series_shards(s3, run.bucket, run.work)
        self.sums = shard_list.sum_shards(s3, run.bucket, run.work)

    def tree(self) -> Tree:
        """The tree whose nodes the shards of sums have, in their order."""
        paths: list[tuple[str, ...]] = []
        for number in self.series:
            shard = self._shard(number)
            paths += paths_of(self._params, shard.keys, shard.panel.metadata)
        tree, _ = Tree.of(paths)
        return tree

    def parts(self) -> Iterator[Base]:
        for number in self.series:
            tables, _ = self.tables(number)
            yield Base(tables, *_limits(self._shard(number).panel, self._asked, tables))

    def tables(self, number: int) -> tuple[Floats, Floats]:
        """Forecast and backtest (origins, series, horizon, PROBABILITIES + 1) of a shard, and the outcomes of
        the backtest (windows, series, horizon)."""
        trained, forecast = self._results(number)
        places = [self._made.outputs.index(quantile) for quantile in (*ALL_QUANTILES, "mean")]
        tested = np.moveaxis(trained.backtest.predicted[:, :, 0], 1, 0)
        both = np.concatenate([forecast.values[None], tested])
        return both[..., places], np.moveaxis(trained.backtest.actual, 1, 0)

    def write(self, number: int, tables: Floats, weights: list[float] | None = None) -> None:
        """Store the reconciled ``tables`` of a shard; ``weights`` are those of its sums' own forecasts."""
        trained, forecast = self._results(number)
        outputs = self._asked.outputs
        places = [self._made.outputs.index(output) for output in outputs]
        before = trained.backtest.predicted[..., places]
        tested = outputs_of(np.moveaxis(tables[1:], 0, 1), outputs)
        predicted = np.concatenate([tested[:, :, None], before], axis=2)
        predicted[~np.isfinite(trained.backtest.actual).any(axis=2)] = np.nan
        backtest = replace(trained.backtest, predicted=predicted)
        words = trained.explanations
        if weights:
            words = tuple(
                replace(one, note="; ".join(filter(None, [one.note, _weighed(weight)])))
                for one, weight in zip(words, weights, strict=True)
            )
        ours, *others = trained.models
        trained = replace(
            trained,
            models=(ours, UNRECONCILED, *others),
            backtest=backtest,
            explanations=words,
            coverage=coverage_of(backtest, self._asked),
            tables=None if trained.tables is None else tables[0],
        )
        forecast = replace(forecast, values=outputs_of(tables[0], outputs), explanations=words)
        write_reconciled(self._s3, self._run, number, trained, forecast)

    def _results(self, number: int) -> tuple[Trained, Forecast]:
        return read_trained(self._s3, self._run, number), read_forecast(self._s3, self._run, number)

    def _shard(self, number: int) -> Shard:
        return read_shard(objects.read(self._s3, self._run.bucket, layout.shard(self._run.work, number)))


def _limits(panel: Panel, task: Task, tables: Floats) -> tuple[Floats, Floats]:
    """Declared bounds; zero where nothing below was ever observed or forecast."""
    low, high = limits_of(panel, task)
    least = np.array([np.nanmin(values, initial=np.inf) for values in panel.values])
    forecast = np.nanmin(tables, axis=(0, 2, 3), initial=np.inf)
    return np.where(np.isneginf(low) & (least >= 0) & (forecast >= 0), 0.0, low), high


def _weighed(weight: float) -> str:
    return f"its own forecast has the weight {weight:.2g}, the sum of its parts' {1 - weight:.2g}"
