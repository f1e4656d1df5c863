"""The AutoPredictor's trees as arrays, for compiled loops that ask for a few rows at a time."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.auto.compiled import compiled
from stepcast.engine.auto.series.seasons import Seasons
from stepcast.engine.auto.sources.trees import FITTED, RECENT, Trees

__all__ = ["Forest", "forest_of", "grown"]

# Of a node's decision, as LightGBM's text has it: bit 0 a category, bit 1 what is missing goes left, then how
# missing is told (2 is nan; else nan counts as zero).
CATEGORY, MISSING_LEFT, MISSING, NAN = 1, 2, 2, 2


ABREAST = 8  # trees that are walked at a time: while one waits for memory, the others go on


class Forest(NamedTuple):
    """Nodes of all trees in a row; leaves are nodes that lead to themselves.

    ``roots``  (trees,) nodes, a multiple of ABREAST; ``depths`` (trees / ABREAST,) of the deepest of each.
    ``nodes``  (nodes, 4) the feature, the child of what is not above the threshold, the other, and what nan
               does: 0 it counts as zero, 1 it goes to the first, 2 to the other.
    ``leaf``   (nodes,) what a leaf says.
    ``short`` and ``long`` are the seasons that features are made with, ``age`` the column of the length.
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
    """The trees of the median; an empty forest without any, or where they split by category."""
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
    missing = -len(roots) % ABREAST  # trees that say nothing
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
    """Nodes (nodes, 4), thresholds and leaves of one tree whose first node is ``begin``; leaves come last."""
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
    """The steps of the longest way from the root; the ``inner`` nodes, parents first, are no leaves."""
    depth = np.zeros(len(table), np.int64)
    for node in range(inner):
        depth[table[node, 1:3]] = depth[node] + 1
    return int(depth.max())


def _numbers(text: str) -> Floats:
    return np.array(text.split(), dtype=np.float64)


def _age(seasons: Seasons) -> int:
    """The column of the logarithm of the length, as trees.features lays them."""
    cycles = 3 * (seasons.short > 1) + 2 * (seasons.long > 1)
    return 1 + cycles + RECENT + 4


@compiled
def grown(forest, table, out):  # type: ignore[no-untyped-def]
    """The sum of what all trees say of each row of ``table`` (rows, features), into ``out`` (rows,)."""
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
                    else:  # the comparison as a number: there is no branch to be guessed wrong
                        at[tree] = nodes[node, 1 + (fact > threshold[node])]
            for tree in range(ABREAST):
                total += leaf[at[tree]]
        out[row] = total
