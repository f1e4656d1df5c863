"""Series of sums: those of the hierarchy's nodes, added up while the series are written.

They lie in files of the scratch folder, because a hierarchy may have many nodes and long histories.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from stepcast.engine.arrays import Flags, Floats, Integers
from stepcast.engine.frequency import Frequency
from stepcast.engine.hierarchy.tree import Tree
from stepcast.engine.panel import Metadata, Panel, Related
from stepcast.pipeline.hierarchy.limit import too_many_sums
from stepcast.pipeline.hierarchy.paths import LEVEL, level_columns, node_key, paths_of
from stepcast.pipeline.importing.covariates.covariates import Covariates
from stepcast.pipeline.importing.target.plan import shard_starts
from stepcast.pipeline.params import Params
from stepcast.pipeline.problems import Report
from stepcast.pipeline.shards import Shard, label

__all__ = ["LevelSums"]

Keys = Sequence[tuple[str, ...]]


class LevelSums:
    """The sums of all series with these ``keys``, which are added in that order.

    A period of a sum is observed if any of its series is. Where a series has no value, the sum takes it on a
    straight line between its neighbours, and after its last value as that one. A sum's related features are
    the means of its series', and it has the attributes that all of them share.
    """

    def __init__(
        self, params: Params, keys: Keys, covariates: Covariates, longest: int, folder: Path
    ) -> None:
        self._params = params
        known = covariates.metadata
        names = known.names if known is not None else ()
        texts = tuple((known.of(key[0]) if known is not None else None) or ("",) * len(names) for key in keys)
        self.tree, self.nodes = Tree.of([*paths_of(params, keys, Metadata(names, texts))])
        self._longest, self._features, self._added = longest, covariates.features, 0
        count = len(self.nodes)
        self._values = _file(folder / "sums", (count, longest), np.float64)
        self._observed = _file(folder / "observed", (count, longest), np.bool_)
        self._start = np.full(count, longest, np.int64)
        self._attributes: list[tuple[str, ...] | None] = [None] * count
        self._ahead = 0
        self._folder = folder
        self._related: Floats | None = None
        self._weights: Floats | None = None
        self._names: tuple[str, ...] = ()
        self._metadata: tuple[str, ...] | None = None

    def check(self, report: Report) -> bool:
        """Whether there are few enough sums to reconcile; otherwise, that is an error."""
        windows = self._params.predictor.evaluation_parameters.number_of_backtest_windows
        deepest = self.tree.deepest
        problem = too_many_sums(self._params, deepest.stop - deepest.start, windows)
        if problem is not None:
            report.add(problem)
        return problem is None

    def add(self, panel: Panel) -> None:
        """Add a shard of series."""
        for place, (values, observed) in enumerate(zip(panel.values, panel.observed, strict=True)):
            node = int(self.tree.series[self._added + place])
            start = self._longest - len(values)
            if len(values):
                self._start[node] = min(self._start[node], start)
                self._values[node, start:] += _without_gaps(values)
                self._observed[node, start:] |= observed
            if panel.metadata is not None:
                self._metadata = panel.metadata.names
                self._attributes[node] = _common(self._attributes[node], panel.metadata.values[place])
            if panel.related is not None:
                self._add_related(node, panel.related, place)
        self._added += len(panel)

    def shards(self, end: int, frequency: Frequency) -> Iterator[Shard]:
        """The sums as shards of series, level by level from the total down, once all series are added."""
        self._add_levels()
        lengths: Integers = self._longest - self._start
        starts = shard_starts(
            np.maximum(lengths * (1 + self._features), 1), slow=self._params.predictor.algorithm is not None
        )
        for begin, stop in pairwise([*starts.tolist(), len(self.nodes)]):
            keys = tuple(node_key(self._params, node) for node in self.nodes[begin:stop])
            places = range(begin, stop)
            panel = Panel(
                ids=tuple(label(key) for key in keys),
                values=tuple(np.array(self._values[node, self._start[node] :]) for node in places),
                observed=tuple(np.array(self._observed[node, self._start[node] :]) for node in places),
                end=end,
                frequency=frequency,
                related=self._related_of(places),
                metadata=self._metadata_of(places),
            )
            yield Shard((LEVEL, *level_columns(self._params)), keys, panel)

    def _add_levels(self) -> None:
        """What the deepest level has, to those above."""
        tree = self.tree
        for number in reversed(range(1, tree.depth)):
            for node in range(tree.level(number).start, tree.level(number).stop):
                parent = int(tree.parents[node])
                self._start[parent] = min(self._start[parent], self._start[node])
                self._values[parent] += self._values[node]
                self._observed[parent] |= self._observed[node]
                self._attributes[parent] = _common(self._attributes[parent], self._attributes[node])
                if self._related is not None and self._weights is not None:
                    self._related[parent] += self._related[node]
                    self._weights[parent] += self._weights[node]

    def _add_related(self, node: int, related: Related, place: int) -> None:
        if self._related is None or self._weights is None:
            shape = (len(self.nodes), len(related.names), self._longest + related.ahead)
            self._related = _file(self._folder / "related", shape, np.float64)
            self._weights = _file(self._folder / "weights", shape, np.float64)
            self._names, self._ahead = related.names, related.ahead
        values = related.values[place]
        known = np.isfinite(values)
        inside = slice(self._related.shape[2] - values.shape[1], None)
        self._related[node, :, inside] += np.where(known, values, 0.0)
        self._weights[node, :, inside] += known

    def _related_of(self, places: range) -> Related | None:
        if self._related is None or self._weights is None:
            return None
        means = []
        for node in places:
            inside = slice(self._start[node], None)
            sums, weights = np.array(self._related[node, :, inside]), np.array(self._weights[node, :, inside])
            means.append(np.where(weights > 0, sums / np.maximum(weights, 1), np.nan))
        return Related(self._names, tuple(means), self._ahead)

    def _metadata_of(self, places: range) -> Metadata | None:
        if self._metadata is None:
            return None
        nothing = ("",) * len(self._metadata)
        return Metadata(self._metadata, tuple(self._attributes[node] or nothing for node in places))


def _without_gaps(values: Floats) -> Floats:
    """A series without missing values; its first is known."""
    known: Flags = np.isfinite(values)
    if known.all():
        return values
    time = np.arange(len(values))
    return np.interp(time, time[known], values[known])


def _common(one: tuple[str, ...] | None, other: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """What both have, "" where they differ; None is nobody."""
    if one is None or other is None:
        return one or other
    return tuple(text if text == its else "" for text, its in zip(one, other, strict=True))


def _file(path: Path, shape: tuple[int, ...], kind: type) -> np.memmap[tuple[int, ...], np.dtype]:
    """Zeros in a file."""
    return np.memmap(path, kind, "w+", shape=tuple(max(side, 1) for side in shape))
