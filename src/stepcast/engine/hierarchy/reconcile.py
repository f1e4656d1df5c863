"""Forecasts of all levels that agree, in the mean and in their distributions.

The series come in parts, and are read three times; what is kept of all of them at once is a mean and a
spread each, and the samples of the deepest level's sums.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.auto.series.quantile_grid import MASSES
from stepcast.engine.hierarchy.combination import Combination
from stepcast.engine.hierarchy.means import Levels, Way, reconciled, shares_of
from stepcast.engine.hierarchy.methods import Method
from stepcast.engine.hierarchy.samples import Scores, quantiles_of_samples, ranked, samples_of
from stepcast.engine.hierarchy.tree import Tree

__all__ = ["Base", "Reconciliation", "spread_of"]

MOST_SAMPLES, FEWEST_SAMPLES = 200, 60
NUMBERS = 12_000_000  # samples of the deepest level's sums that are kept: 100 MB each of several times
AT_ONCE = 1_000_000  # samples of series


@dataclass(frozen=True)
class Base:
    """Forecasts that were made one by one, from the end (origin 0) and in backtest windows, latest first.

    ``tables``       (origins, series, horizon, PROBABILITIES + 1) quantiles and the mean; nan where there is
                     no forecast.
    ``low``, ``high`` (series,) what the series can never be outside of, infinite where there is nothing.
    """

    tables: Floats
    low: Floats
    high: Floats

    def take(self, inside: slice) -> "Base":
        """Some of the series."""
        return Base(self.tables[:, inside], self.low[inside], self.high[inside])


@dataclass(frozen=True)
class Changes:
    """Of the deepest level's sums (leaves, origins, horizon, samples): what each sample changes by, and the
    shares of all its series in that."""

    sums: Floats
    shares: Floats


def spread_of(tables: Floats) -> Floats:
    """The standard deviation (...) of distributions given as ``tables`` (..., PROBABILITIES + 1)."""
    result: Floats = np.sqrt(((tables[..., :-1] - tables[..., -1:]) ** 2) @ MASSES)
    return result


class Reconciliation:
    """``nodes`` are the forecasts of the tree's sums, ``parts()`` those of its series, in order, each time.

    ``actual`` (windows, nodes, horizon) of the backtest, nan where unknown. Where ``parts`` give no forecast
    of a series, it counts as nothing in its sums; a node without one is the sum of its parts.
    """

    def __init__(
        self,
        tree: Tree,
        nodes: Floats,
        parts: Callable[[], Iterable[Base]],
        actual: Floats,
        method: Method = "MinT",
        seed: int = 0,
    ) -> None:
        self._tree, self._nodes, self._parts, self._method = tree, nodes, parts, method
        read = [(one.tables[..., -1], spread_of(one.tables), one.low, one.high) for one in parts()]
        each_mean, each_spread, each_low, each_high = zip(*read, strict=True)
        means = np.concatenate(each_mean, axis=1)
        unknown = np.isnan(means)
        base = Levels(nodes[..., -1], np.nan_to_num(means))
        spreads = np.nan_to_num(np.concatenate(each_spread, axis=1))
        self._spreads = Levels(np.nan_to_num(spread_of(nodes)), spreads)
        limits = np.concatenate(each_low), np.concatenate(each_high)
        self._way: Way = reconciled(tree, method, base, self._spreads, actual, limits)
        self._way.means[unknown] = 0.0  # whatever its bounds are
        origins, _, horizon = means.shape
        cells = (tree.deepest.stop - tree.deepest.start) * origins * horizon
        samples = int(np.clip(NUMBERS // max(cells, 1), FEWEST_SAMPLES, MOST_SAMPLES))
        self._scores = Scores.drawn(tree, self._way.together, samples, seed)
        self._shape = origins, horizon, samples
        self._sums: Floats | None = None

    @property
    def combined(self) -> list[Combination]:
        """Of the forecast, by level from the total down: how much each node's own forecast counts."""
        return self._way.combined[0] if self._way.combined else []

    def series(self) -> Iterator[Floats]:
        """Reconciled tables (origins, series, horizon, PROBABILITIES + 1) of each part, in order."""
        changes = self._changes()
        self._sums = np.zeros((self._leaves, *self._shape))
        begin = 0
        for part in self._parts():
            result = np.full(part.tables.shape, np.nan)
            for inside in self._blocks(part):
                place = slice(begin + inside.start, begin + inside.stop)
                self._reconcile(part.take(inside), place, changes, result[:, inside])
            yield result
            begin += part.tables.shape[1]

    def _reconcile(self, block: Base, place: slice, changes: "Changes | None", result: Floats) -> None:
        """Put the reconciled tables of the series at ``place`` into ``result``, and add up their samples."""
        assert self._sums is not None  # noqa: S101  # series() begins with it
        leaf, ranks = self._tree.leaf(place), self._scores.ranks(place)
        low, high = block.low[:, None], block.high[:, None]
        for origin in range(self._shape[0]):
            known = np.isfinite(block.tables[origin]).all(axis=(1, 2))
            drawn = samples_of(np.nan_to_num(block.tables[origin, :, :, :-1]), ranks)
            if changes is not None:
                shares = self._moved(origin, place, drawn, block)
                whole = changes.shares[leaf, origin]
                shares /= np.where(whole > 0, whole, np.inf)
                drawn += shares * changes.sums[leaf, origin]
            mean = self._way.means[origin, place]
            drawn = _centred(np.clip(drawn, low[..., None], high[..., None]), mean, low, high)
            drawn[~known] = 0.0
            _add(self._sums[:, origin], leaf, drawn)
            result[origin, known, :, :-1] = quantiles_of_samples(drawn[known])
            result[origin, known, :, -1] = mean[known]

    def sums(self) -> Floats:
        """Reconciled tables (origins, nodes, horizon, PROBABILITIES + 1) of the nodes, after ``series``."""
        if self._sums is None:
            raise ValueError("the series come first: read all of series()")
        samples = self.samples()
        means = np.stack(
            [
                self._tree.from_deepest(self._tree.children(self._tree.depth - 1).sums(one))
                for one in self._way.means
            ]
        )
        quantiles = np.moveaxis(quantiles_of_samples(samples), 1, 0)
        return np.concatenate([quantiles, means[..., None]], axis=-1)

    def samples(self) -> Floats:
        """Samples (nodes, origins, horizon, samples) of the nodes: exactly the sums of the series'."""
        if self._sums is None:
            raise ValueError("the series come first: read all of series()")
        return self._tree.from_deepest(self._sums)

    @property
    def _leaves(self) -> int:
        return len(self._tree) - self._tree.firsts[-1]

    def _blocks(self, part: Base) -> Iterator[slice]:
        """Some of the series of a part at a time, so that their samples take no more than AT_ONCE."""
        _, horizon, samples = self._shape
        step = max(1, AT_ONCE // (horizon * samples))
        for begin in range(0, part.tables.shape[1], step):
            yield slice(begin, min(begin + step, part.tables.shape[1]))

    def _moved(self, origin: int, place: slice, drawn: Floats, block: Base) -> Floats:
        """How much of a change each sample takes (series, horizon, samples), before all others' is known."""
        room = _room(drawn, block, self._spreads.series[origin, place])
        result: Floats = self._shares[origin][place][..., None] * room
        return result

    def _changes(self) -> "Changes | None":
        """What samples of the deepest level's sums change by; None where they are those of the series."""
        if self._method != "MinT":
            return None
        tree = self._tree
        groups, moving = tree.children(tree.depth - 1), self._way.together[tree.deepest]
        self._shares = [shares_of(groups, one, moving) for one in self._spreads.series]
        sums, shares = np.zeros((2, self._leaves, *self._shape))
        begin = 0
        for part in self._parts():
            for inside in self._blocks(part):
                block, place = part.take(inside), slice(begin + inside.start, begin + inside.stop)
                leaf, ranks = tree.leaf(place), self._scores.ranks(place)
                for origin in range(self._shape[0]):
                    drawn = samples_of(np.nan_to_num(block.tables[origin, :, :, :-1]), ranks)
                    _add(sums[:, origin], leaf, drawn)
                    _add(shares[:, origin], leaf, self._moved(origin, place, drawn, block))
            begin += part.tables.shape[1]
        for origin in range(self._shape[0]):
            sums[:, origin] = self._wanted(origin, sums[:, origin]) - sums[:, origin]
        return Changes(sums, shares)

    def _wanted(self, origin: int, deepest: Floats) -> Floats:
        """The deepest level's sums (leaves, horizon, samples), reconciled with all levels above."""
        tree, combined = self._tree, self._way.combined[origin]
        up = np.empty((len(tree), *deepest.shape[1:]))
        parts_of = np.empty_like(up)
        parts = deepest
        for number in reversed(range(tree.depth)):
            place = tree.level(number)
            parts_of[place] = deepest if number == tree.depth - 1 else tree.children(number).sums(parts)
            own = self._own(origin, place, parts_of[place], combined[number].alike)
            known = np.isfinite(self._nodes[origin, place]).all(axis=(1, 2))
            weight = np.where(known, combined[number].weight, 0.0)[:, None, None]
            up[place] = weight * own + (1 - weight) * parts_of[place]
            parts = up[place]
        wanted = up[tree.level(0)]
        for number in range(tree.depth - 1):
            groups, below = tree.children(number), tree.level(number + 1)
            spreads = self._spreads.nodes[origin, below]
            shares = shares_of(groups, spreads, self._way.together[tree.level(number)])
            whole = groups.sums(shares)[groups.of]
            share = np.where(whole > 0, shares / np.where(whole > 0, whole, 1.0), 0.0)
            change = (wanted - parts_of[tree.level(number)])[groups.of]
            wanted = up[below] + share[..., None] * change
        return wanted

    def _own(self, origin: int, place: slice, sums: Floats, alike: Floats) -> Floats:
        """Samples (nodes, horizon, samples) of the nodes' own forecasts, alike those of the sums."""
        count = self._shape[2]
        chance = np.random.default_rng((self._scores.seed, 1, origin, place.start))
        noise = chance.standard_normal((place.stop - place.start, 1, count))
        centred = sums - sums.mean(axis=-1, keepdims=True)
        width = centred.std(axis=-1, keepdims=True)
        scores = centred / np.where(width > 0, width, 1.0)
        same = alike[:, None, None]
        ranks = ranked(same * scores + np.sqrt(1 - same**2) * noise)
        return samples_of_steps(np.nan_to_num(self._nodes[origin, place, :, :-1]), ranks)


def samples_of_steps(tables: Floats, ranks: Integers) -> Floats:
    """As ``samples_of``, with ``ranks`` (members, steps, samples) of their own in each step."""
    members, steps, count = ranks.shape
    flat = samples_of(tables.reshape(members * steps, 1, -1), ranks.reshape(members * steps, count))
    return flat.reshape(members, steps, count)


def _add(sums: Floats, leaf: Integers, values: Floats) -> None:
    """Add ``values`` (series, ...) to the ``sums`` (leaves, ...) of their leaves."""
    order = np.argsort(leaf, kind="stable")
    leaves, starts = np.unique(leaf[order], return_index=True)
    sums[leaves] += np.add.reduceat(values[order], starts, axis=0)


def _room(drawn: Floats, part: Base, spread: Floats) -> Floats:
    """How freely each sample moves (series, horizon, samples): not at a bound, wholly a spread away."""
    wide = np.where(spread > 0, spread, 1.0)[..., None]
    room = np.ones_like(drawn)
    for bound, sign in ((part.low, 1), (part.high, -1)):
        if np.isfinite(bound).any():
            away = sign * (drawn - bound[:, None, None]) / wide
            room = np.where(np.isfinite(bound)[:, None, None], np.minimum(room, np.clip(away, 0, 1)), room)
    return room


def _centred(drawn: Floats, mean: Floats, low: Floats, high: Floats) -> Floats:
    """``drawn`` (series, horizon, samples) with this ``mean`` (series, horizon), within the bounds.

    Towards a bound, samples move in proportion to their distance from it: those on it stay.
    """
    with np.errstate(invalid="ignore"):  # infinite bounds, of which nothing is used
        now = drawn.mean(axis=-1)
        lower, upper = np.isfinite(low), np.isfinite(high)
        from_low = np.where(lower & (now > low), (mean - low) / np.where(now > low, now - low, 1.0), 1.0)
        from_high = np.where(upper & (now < high), (high - mean) / np.where(now < high, high - now, 1.0), 1.0)
        by_low = low[..., None] + (drawn - low[..., None]) * from_low[..., None]
        by_high = high[..., None] - (high[..., None] - drawn) * from_high[..., None]
        use_low = lower & ((mean <= now) | ~upper)
        use_high = upper & ~use_low
        shifted = drawn + (mean - now)[..., None]
        moved = np.where(use_low[..., None], by_low, np.where(use_high[..., None], by_high, shifted))
        return np.clip(moved, low[..., None], high[..., None])
