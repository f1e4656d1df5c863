"""What was learned from imported series: everything that a forecast, a backtest and a file on disk need."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add

from stepcast import engine
from stepcast.engine.algorithms import algorithm_of
from stepcast.engine.auto.series.quantile_grid import outputs_of
from stepcast.engine.results import Forecast, Trained
from stepcast.engine.sampling import Draw
from stepcast.engine.task import Task
from stepcast.pipeline.hierarchy.reconciled import Reconciled
from stepcast.pipeline.internal_errors import each_series
from stepcast.pipeline.shards import Shard

__all__ = ["Fitted", "fit", "learn"]


@dataclass(frozen=True)
class Fitted:
    """``shared`` is what all series have learned together; the rest is by shard.

    ``reconciled``  of a hierarchy, whose forecasts were made when its series and sums were learned.
    """

    task: Task
    shared: bytes
    shards: tuple[Shard, ...]
    trained: tuple[Trained, ...]
    reconciled: tuple[Reconciled, ...] = ()

    def asked(self, quantiles: Sequence[float]) -> "Fitted":
        """The same, of which other quantiles are read off."""
        mean = self.task.outputs[len(self.task.quantiles) :]
        return replace(self, task=replace(self.task, outputs=(*sorted(set(quantiles)), *mean)))

    def forecasts(self) -> tuple[Forecast, ...]:
        """The forecast of each shard."""
        if self.reconciled:
            outputs = self.task.outputs
            return tuple(
                replace(one.forecast, values=outputs_of(one.tables, outputs)) for one in self.reconciled
            )
        return tuple(
            engine.forecast(shard.panel, self.task, trained)
            for shard, trained in zip(self.shards, self.trained, strict=True)
        )


def fit(shards: Iterable[Shard], task: Task, shared: bytes | None = None) -> Fitted:
    """Learn, as FitShared and TrainPredictor do; or fit each series with what was ``shared`` before."""
    kept = tuple(shards)
    if shared is None:
        shared = learn((Draw.of(shard.panel) for shard in kept), task)
    learned = shared
    trained = tuple(
        each_series(shard.panel, lambda part: engine.train(part, task, learned)) for shard in kept
    )
    return Fitted(task, shared, kept, trained)


def learn(draws: Iterable[Draw], task: Task) -> bytes:
    """What is learned from all series together, drawn from in parts; empty where each is fitted by itself."""
    if not algorithm_of(task).learns_jointly:
        return b""
    return engine.fit_shared(reduce(add, draws), task)
