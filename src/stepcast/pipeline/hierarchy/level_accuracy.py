"""The accuracy of all levels of a hierarchy in the backtest, from one shard of sums after another."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from stepcast.engine.accuracy import Sums
from stepcast.engine.results import Trained
from stepcast.engine.task import Task
from stepcast.pipeline.hierarchy.level_tables import accuracy_columns, accuracy_rows, level_row
from stepcast.pipeline.hierarchy.paths import SERIES, level_names
from stepcast.pipeline.params import Params
from stepcast.pipeline.shards import Shard

__all__ = ["LevelAccuracy"]

SQL_TO_ARROW = {"string": pa.string(), "double": pa.float64(), "bigint": pa.int64()}


class LevelAccuracy:
    """Rows of the table ``accuracy_levels``: one for each sum that is added, and one for each level."""

    def __init__(self, params: Params, task: Task) -> None:
        self._params, self._task = params, task
        self._pooled: dict[str, list[Sums]] = {}
        self._rows: list[dict[str, Any]] = []

    def add(self, shard: Shard, trained: Trained) -> None:
        """Add a shard of sums with what was reconciled of it."""
        self._rows += accuracy_rows(shard, trained, self._params, self._task)
        tested = trained.backtest
        each = [
            Sums.each(tested.actual, tested.predicted[:, :, model], self._task.outputs, tested.scale)
            for model in range(len(trained.models))
        ]
        for (level, *_), *own in zip(shard.keys, *each, strict=True):
            known = self._pooled.get(level)
            self._pooled[level] = own if known is None else [a + b for a, b in zip(known, own, strict=True)]

    def table(self, of_series: Sequence[Sums]) -> pa.Table:
        """All rows, those of levels first. ``of_series`` are sums of losses over all series, by model."""
        pooled = {**self._pooled, SERIES: of_series}
        of_levels = [level_row(level, pooled[level]) for level in level_names(self._params)]
        columns = accuracy_columns(self._params)
        schema = pa.schema([(name, SQL_TO_ARROW[kind]) for name, kind in columns.items()])
        return pa.Table.from_pylist([*of_levels, *self._rows], schema=schema)
