"""Which series add up to which sums, level by level."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stepcast.engine.arrays import Floats, Integers

__all__ = ["MOST_SUMS", "Groups", "Tree"]

MOST_SUMS = 400_000  # that can be reconciled: nodes of the deepest level times steps, with backtest windows


@dataclass(frozen=True)
class Groups:
    """``of`` (members,) the group of each member, numbered from 0; every one of ``count`` groups has one.

    >>> Groups(np.array([1, 0, 1]), 2).sums(np.array([1.0, 2.0, 3.0]))
    array([2., 4.])
    """

    of: Integers
    count: int

    @cached_property
    def _order(self) -> Integers:
        return np.argsort(self.of, kind="stable")

    @cached_property
    def _starts(self) -> Integers:
        return np.searchsorted(self.of[self._order], np.arange(self.count))

    def sums(self, values: NDArray[Any]) -> NDArray[Any]:
        """Sums (groups, ...) of ``values`` (members, ...)."""
        result: NDArray[Any] = np.add.reduceat(values[self._order], self._starts, axis=0)
        return result

    def most(self, values: NDArray[Any]) -> NDArray[Any]:
        """The largest (groups, ...) of ``values`` (members, ...)."""
        result: NDArray[Any] = np.maximum.reduceat(values[self._order], self._starts, axis=0)
        return result


@dataclass(frozen=True)
class Tree:
    """Nodes are sums. They are numbered level by level: node 0 is the total, the series hang below the last.

    ``parents``  (nodes,) the node that a node is a part of; -1 for the total.
    ``series``   (series,) the node of the deepest level that a series is a part of.
    ``firsts``   the first node of each level.
    """

    parents: Integers
    series: Integers
    firsts: tuple[int, ...]

    @classmethod
    def of(cls, paths: "list[tuple[str, ...]]") -> "tuple[Tree, list[tuple[str, ...]]]":
        """The tree of series with these ``paths`` (from the top down, the total left out), and its nodes'.

        >>> tree, nodes = Tree.of([("fruit",), ("bread",), ("fruit",)])
        >>> tree.parents, tree.series, nodes
        (array([-1,  0,  0]), array([2, 1, 2]), [(), ('bread',), ('fruit',)])
        """
        depth = len(paths[0])
        nodes: list[tuple[str, ...]] = []
        firsts = []
        for level in range(depth + 1):
            firsts.append(len(nodes))
            nodes += sorted({path[:level] for path in paths})
        places = {node: place for place, node in enumerate(nodes)}
        parents = np.array([places[node[:-1]] if node else -1 for node in nodes], np.int64)
        series = np.array([places[path] for path in paths], np.int64)
        return cls(parents, series, tuple(firsts)), nodes

    def __len__(self) -> int:
        return len(self.parents)

    @property
    def depth(self) -> int:
        """The number of levels, without that of the series."""
        return len(self.firsts)

    def level(self, number: int) -> slice:
        """The nodes of a level, 0 being the total's."""
        ends = (*self.firsts[1:], len(self))
        return slice(self.firsts[number], ends[number])

    @property
    def deepest(self) -> slice:
        return self.level(self.depth - 1)

    def children(self, number: int) -> Groups:
        """The members below each node of a level: the nodes of the next, or the series."""
        own = self.level(number)
        count = own.stop - own.start
        if number == self.depth - 1:
            return Groups(self.series - own.start, count)
        return Groups(self.parents[self.level(number + 1)] - own.start, count)

    def leaf(self, series: slice) -> Integers:
        """Of some series, the number of their node among those of the deepest level."""
        nodes: Integers = self.series[series] - self.firsts[-1]
        return nodes

    def from_deepest(self, values: Floats) -> Floats:
        """Sums (nodes, ...) of what the nodes of the deepest level have (deepest, ...)."""
        result = np.empty((len(self), *values.shape[1:]))
        result[self.deepest] = values
        for number in reversed(range(self.depth - 1)):
            result[self.level(number)] = self.children(number).sums(result[self.level(number + 1)])
        return result
