"""Makes the forecasts of all levels of a hierarchy agree, in the backtest, too, wherever its shards are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from stepcast.engine.arrays import Floats
from stepcast.engine.auto.series.quantile_grid import outputs_of
from stepcast.engine.auto.sums import LIKE_ANY
from stepcast.engine.hierarchy.reconcile import Base, Reconciliation
from stepcast.engine.hierarchy.tree import Tree
from stepcast.engine.keeping import limits_of
from stepcast.engine.panel import Panel
from stepcast.engine.results import Forecast, Trained, coverage_of
from stepcast.engine.task import Task
from stepcast.pipeline.hierarchy.paths import paths_of
from stepcast.pipeline.params import Params
from stepcast.pipeline.shards import Shard
from stepcast.pipeline.task import ALL_QUANTILES, task_in_hierarchy

__all__ = ["UNRECONCILED", "Kept", "Reconciled", "reconciled"]

UNRECONCILED = "Unreconciled"  # the model of forecasts as if there were no hierarchy, for comparison


class Kept(Protocol):
    """The shards of a hierarchy, and what ``task_in_hierarchy`` made of each by itself."""

    @property
    def series(self) -> Sequence[int]:
        """The numbers of the shards of series."""

    @property
    def sums(self) -> Sequence[int]:
        """The numbers of the shards of sums, level by level from the total down."""

    def shard(self, number: int) -> Shard: ...

    def results(self, number: int) -> tuple[Trained, Forecast]: ...


@dataclass(frozen=True)
class Reconciled:
    """What agrees, of a shard.

    ``tables``  (series, horizon, PROBABILITIES + 1) quantiles and the mean, of which ``forecast`` has what
                was asked for.
    """

    trained: Trained
    forecast: Forecast
    tables: Floats


def reconciled(params: Params, task: Task, kept: Kept) -> Iterator[tuple[int, Reconciled]]:
    """Each shard's number and results, of series and then of sums; ``task`` is what was asked for.

    Shards of series are read one at a time, several times.
    """
    asked = params.predictor.hierarchy
    if asked is None:
        raise ValueError("these params have no hierarchy")
    work = _Work(params, task, kept)
    nodes = [work.tables(number) for number in kept.sums]
    above = np.concatenate([tables for tables, _ in nodes], axis=1)
    actual = np.concatenate([outcome for _, outcome in nodes], axis=1)
    reconciliation = Reconciliation(work.tree(), above, work.parts, actual, asked.method)
    for number, made in zip(kept.series, reconciliation.series(), strict=True):
        yield number, work.results(number, made)
    made, begin = reconciliation.sums(), 0
    weights = [weight for one in reconciliation.combined for weight in one.weight.tolist()]
    for number, (tables, _) in zip(kept.sums, nodes, strict=True):
        stop = begin + tables.shape[1]
        yield number, work.results(number, made[:, begin:stop], weights[begin:stop])
        begin = stop


class _Work:
    """The shards, as the engine's reconciliation takes them."""

    def __init__(self, params: Params, task: Task, kept: Kept) -> None:
        self._params, self._kept = params, kept
        self._asked, self._made = task, task_in_hierarchy(task, sums=False)

    def tree(self) -> Tree:
        """The tree whose nodes the shards of sums have, in their order."""
        paths: list[tuple[str, ...]] = []
        for number in self._kept.series:
            shard = self._kept.shard(number)
            paths += paths_of(self._params, shard.keys, shard.panel.metadata)
        tree, _ = Tree.of(paths)
        return tree

    def parts(self) -> Iterator[Base]:
        for number in self._kept.series:
            tables, _ = self.tables(number)
            yield Base(tables, *_limits(self._kept.shard(number).panel, self._asked, tables))

    def tables(self, number: int) -> tuple[Floats, Floats]:
        """Forecast and backtest (origins, series, horizon, PROBABILITIES + 1) of a shard, and the outcomes of
        the backtest (windows, series, horizon)."""
        trained, forecast = self._kept.results(number)
        places = [self._made.outputs.index(quantile) for quantile in (*ALL_QUANTILES, "mean")]
        tested = np.moveaxis(trained.backtest.predicted[:, :, 0], 1, 0)
        both = np.concatenate([forecast.values[None], tested])
        return both[..., places], np.moveaxis(trained.backtest.actual, 1, 0)

    def results(self, number: int, tables: Floats, weights: list[float] | None = None) -> Reconciled:
        """Those of a shard with reconciled ``tables``; ``weights`` are those of its sums' own forecasts."""
        trained, forecast = self._kept.results(number)
        outputs = self._asked.outputs
        places = [self._made.outputs.index(output) for output in outputs]
        ours, *others = trained.models
        before = trained.backtest.predicted[..., places]
        if LIKE_ANY in others:
            before = before[:, :, 1:]  # without a hierarchy, what sums teach by themselves would not count
            others.remove(LIKE_ANY)
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
        trained = replace(
            trained,
            models=(ours, UNRECONCILED, *others),
            backtest=backtest,
            explanations=words,
            coverage=coverage_of(backtest, self._asked),
            tables=None if trained.tables is None else tables[0],
        )
        forecast = replace(forecast, values=outputs_of(tables[0], outputs), explanations=words)
        return Reconciled(trained, forecast, tables[0])


def _limits(panel: Panel, task: Task, tables: Floats) -> tuple[Floats, Floats]:
    """Declared bounds; zero where nothing below was ever observed or forecast."""
    low, high = limits_of(panel, task)
    least = np.array([np.nanmin(values, initial=np.inf) for values in panel.values])
    forecast = np.nanmin(tables, axis=(0, 2, 3), initial=np.inf)
    return np.where(np.isneginf(low) & (least >= 0) & (forecast >= 0), 0.0, low), high


def _weighed(weight: float) -> str:
    return f"its own forecast has the weight {weight:.2g}, the sum of its parts' {1 - weight:.2g}"
