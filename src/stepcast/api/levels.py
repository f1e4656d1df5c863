"""Series and their sums, learned together, whose forecasts agree as those of a run with a hierarchy do."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from stepcast import engine
from stepcast.api.errors import InvalidInput, in_arguments
from stepcast.api.fitted import Fitted, learn
from stepcast.engine.results import Forecast, Trained
from stepcast.engine.sampling import Draw
from stepcast.engine.task import Task
from stepcast.pipeline.hierarchy.limit import too_many_sums
from stepcast.pipeline.hierarchy.paths import level_names
from stepcast.pipeline.hierarchy.reconciled import reconciled
from stepcast.pipeline.internal_errors import each_series
from stepcast.pipeline.params import Params
from stepcast.pipeline.problems import Report
from stepcast.pipeline.shards import Shard
from stepcast.pipeline.task import task_in_hierarchy

__all__ = ["fit_levels"]


def fit_levels(
    series: Iterable[Shard], sums: Iterable[Shard], params: Params, task: Task, shared: bytes | None = None
) -> tuple[Fitted, Fitted]:
    """Learn and make agree, as FitShared, TrainPredictor, Forecast and Reconcile do: series, and sums.

    With ``shared``, each series and sum is fitted with what was learned jointly before. Raises InvalidInput
    where there are too many sums for the windows of ``task``.
    """
    below, above = tuple(series), tuple(sums)
    _check(above, params, task)
    shards = (*below, *above)
    if shared is None:
        draws = [Draw.of(shard.panel) for shard in below] + [
            Draw.of(shard.panel, sums=True) for shard in above
        ]
        shared = learn(draws, task)
    made = [_made(shard, task_in_hierarchy(task, sums=False), shared) for shard in below]
    made += [_made(shard, task_in_hierarchy(task, sums=True), shared) for shard in above]
    places = range(len(below)), range(len(below), len(shards))
    agreed = dict(reconciled(params, task, _Made(shards, made, *places)))
    of_series, of_sums = (
        Fitted(
            task,
            shared,
            tuple(shards[place] for place in own),
            tuple(agreed[place].trained for place in own),
            tuple(agreed[place] for place in own),
        )
        for own in places
    )
    return of_series, of_sums


@dataclass(frozen=True)
class _Made:
    """All shards in memory, as they were forecast one by one."""

    shards: Sequence[Shard]
    made: Sequence[tuple[Trained, Forecast]]
    series: Sequence[int]
    sums: Sequence[int]

    def shard(self, number: int) -> Shard:
        return self.shards[number]

    def results(self, number: int) -> tuple[Trained, Forecast]:
        return self.made[number]


def _made(shard: Shard, task: Task, shared: bytes) -> tuple[Trained, Forecast]:
    trained = each_series(shard.panel, lambda part: engine.train(part, task, shared))
    return trained, engine.forecast(shard.panel, task, trained)


def _check(sums: Sequence[Shard], params: Params, task: Task) -> None:
    """The import has looked at the windows that it was asked for; a backtest may have more."""
    deepest = level_names(params)[-2]
    groups = sum(level == deepest for shard in sums for level, *_ in shard.keys)
    if (problem := too_many_sums(params, groups, task.windows)) is not None:
        report = Report()
        report.add(problem)
        raise InvalidInput(in_arguments(report))
