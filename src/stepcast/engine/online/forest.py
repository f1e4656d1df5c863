"""The AutoPredictor's trees as arrays, for compiled loops that predict a few rows at a time."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.auto.compiled import compiled
from stepcast.engine.auto.series.seasons import Seasons
from stepcast.engine.auto.sources.trees import FITTED, RECENT, Trees

__all__ = ["Forest", "forest_of", "grown"]

# decision_type in LightGBM's text format: bit 0: categorical split, bit 1: missing values go left, then the
# kind of missing values (2: nan; otherwise nan counts as zero).
MISSING_LEFT, MISSING, NAN = 2, 2, 2

ABREAST = 8  # trees that are traversed together: while one waits for memory, the others proceed


class Forest(NamedTuple):
    """The nodes of all trees in one array; leaves are nodes whose children are themselves.

    ``roots``  (trees,) root nodes, a multiple of ABREAST; ``depths`` (trees / ABREAST,) the depth by group.
    ``nodes``  (nodes, 4) the feature, the child if it is not above the threshold, the other child, and where
               nan goes: 0: nan counts as zero, 1: to the first child, 2: to the other.
    ``leaf``   (nodes,) the values of leaves.
    ``short`` and ``long`` are the seasons of the features, ``age`` the column of the length.
    """

    roots: Integers
    depths: Integers
    nodes: NDArray[np.int32]
    threshold: Floats
    leaf: Floats
    short: int
    long: int
    age: int


NO_NUMBERS = np.empty(0, np.int64)
NOTHING = Forest(NO_NUMBERS, NO_NUMBERS, np.empty((0, 4), np.int32), np.empty(0), np.empty(0), 1, 0, 0)


def forest_of(trees: Trees | None) -> Forest:
    """The trees of the median; an empty forest if there are none, or if they have categorical splits."""
    if trees is None:
        return NOTHING
    blocks = trees.boosters[FITTED.index(0.5)].split("\nTree=")[1:]
    fields = [dict(line.split("=", 1) for line in block.splitlines() if "=" in line) for block in blocks]
    roots, depths, nodes, thresholds, leaves = [], [], [], [], []
    count = 0
    for tree in fields:
        if int(tree["num_cat"]) > 0:
            return NOTHING
        table, threshold, leaf = _tree(tree, count)
        roots.append(count)
        depths.append(_depth(table - count, len(threshold) - len(_numbers(tree["leaf_value"]))))
        nodes.append(table)
        thresholds.append(threshold)
        leaves.append(leaf)
        count += len(table)
    missing = -len(roots) % ABREAST  # trees that add 0
    roots += [count] * missing
    depths += [0] * missing
    nodes.append(np.array([[0, count, count, 1]]))
    thresholds.append(np.array([np.inf]))
    leaves.append(np.zeros(1))
    return Forest(
        roots=np.array(roots, dtype=np.int64),
        depths=np.array(depths, dtype=np.int64).reshape(-1, ABREAST).max(axis=1),
        nodes=np.concatenate(nodes).astype(np.int32),
        threshold=np.concatenate(thresholds),
        leaf=np.concatenate(leaves),
        short=trees.seasons.short,
        long=trees.seasons.long,
        age=_age(trees.seasons),
    )


def _tree(tree: dict[str, str], begin: int) -> tuple[Integers, Floats, Floats]:
    """Nodes (nodes, 4), thresholds and leaf values of a tree whose root is ``begin``; leaves come last."""
    values = _numbers(tree["leaf_value"])
    inner = len(values) - 1
    table = np.zeros((2 * inner + 1, 4), np.int64)
    places = np.arange(inner, 2 * inner + 1)
    table[inner:, 1] = table[inner:, 2] = begin + places
    table[inner:, 3] = 1
    threshold, leaf = np.full(len(table), np.inf), np.zeros(len(table))
    leaf[inner:] = values
    if inner:
        decision = _numbers(tree["decision_type"]).astype(np.int64)
        table[:inner, 0] = _numbers(tree["split_feature"])
        threshold[:inner] = _numbers(tree["threshold"])
        for column, name in ((1, "left_child"), (2, "right_child")):
            child = _numbers(tree[name]).astype(np.int64)
            table[:inner, column] = begin + np.where(child >= 0, child, inner + ~child)
        told = (decision >> MISSING) & 3 == NAN
        table[:inner, 3] = np.where(told, np.where(decision & MISSING_LEFT, 1, 2), 0)
    return table, threshold, leaf


def _depth(table: Integers, inner: int) -> int:
    """The depth of a tree; the first ``inner`` nodes, parents before children, are not leaves."""
    depth = np.zeros(len(table), np.int64)
    for node in range(inner):
        depth[table[node, 1:3]] = depth[node] + 1
    return int(depth.max())


def _numbers(text: str) -> Floats:
    return np.array(text.split(), dtype=np.float64)


def _age(seasons: Seasons) -> int:
    """The column of the logarithm of the length among the features of the trees."""
    cycles = 3 * (seasons.short > 1) + 2 * (seasons.long > 1)
    return 1 + cycles + RECENT + 4


@compiled
def grown(forest, table, out):  # type: ignore[no-untyped-def]
    """Predict each row of ``table`` (rows, features) as the sum over all trees, into ``out`` (rows,)."""
    nodes, threshold, leaf = forest.nodes, forest.threshold, forest.leaf
    at = np.empty(ABREAST, np.int64)
    for row in range(len(table)):
        facts, gaps = table[row], False
        for fact in facts:
            gaps |= np.isnan(fact)
        total = 0.0
        for group in range(len(forest.depths)):
            for tree in range(ABREAST):
                at[tree] = forest.roots[group * ABREAST + tree]
            for _ in range(forest.depths[group]):
                for tree in range(ABREAST):
                    node = at[tree]
                    fact = facts[nodes[node, 0]]
                    if gaps and np.isnan(fact):
                        missing = nodes[node, 3]
                        right = missing == 2 or (missing == 0 and threshold[node] < 0)
                        at[tree] = nodes[node, 1 + right]
                    else:  # the comparison as an index avoids branch mispredictions
                        at[tree] = nodes[node, 1 + (fact > threshold[node])]
            for tree in range(ABREAST):
                total += leaf[at[tree]]
        out[row] = total
