"""The AutoPredictor's trees as arrays, and a compiled loop that predicts all steps of an origin together.

Most features are of the origin, the same for all steps: a split on one of these sends all steps the same way.
So a tree is walked once with the set of steps, as the bits of a word, and not once for each step.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.auto.compiled import compiled
from stepcast.engine.auto.series.seasons import Seasons
from stepcast.engine.auto.sources.trees import FITTED, RECENT, Trees

__all__ = ["NOTHING", "Forest", "forest_of", "predict"]

# decision_type in LightGBM's text format: bit 0: categorical split, bit 1: missing values go left, then the
# kind of missing values (2: nan; otherwise nan counts as zero).
MISSING_LEFT, MISSING, NAN = 2, 2, 2
LEAF = -1  # instead of a feature


class Forest(NamedTuple):
    """The nodes of all trees in one array.

    ``roots``  (trees,) root nodes; ``quantile`` (trees,) the column of the result that each adds to.
    ``nodes``  (nodes, 4), a parent followed by its first child, to which go values not above the threshold:
               the feature or LEAF; how much later the other child comes; where nan goes (0: nan counts as
               zero, 1: to the first child, 2: to the other); and for the features that differ between steps
               the place of the threshold in ``limits``.
    ``number`` (nodes,) thresholds; the values of leaves.
    ``limits`` (by_step, most thresholds) those of each such feature, rising, then inf.
    ``columns`` number of quantiles: all of FITTED, or the median alone; 0 without trees.
    ``short`` and ``long`` are the seasons of the features, ``by_step`` how many of these differ between the
    steps of an origin, which come first, and ``age`` the column of the length.
    ``deepest`` the depth of the deepest tree, ``facts`` how many features all steps of an origin share.
    """

    roots: Integers
    quantile: Integers
    nodes: NDArray[np.int16]
    number: Floats
    limits: Floats
    columns: int
    short: int
    long: int
    by_step: int
    age: int
    deepest: int
    facts: int


NO_NUMBERS = np.empty(0, np.int64)
NOTHING = Forest(
    NO_NUMBERS, NO_NUMBERS, np.empty((0, 4), np.int16), np.empty(0), np.empty((1, 0)), 0, 1, 0, 1, 0, 0, 0
)


def forest_of(trees: Trees | None, outer: bool) -> Forest:
    """The trees of the median, or with ``outer`` of all FITTED quantiles; NOTHING if there are none, or if
    they have categorical splits."""
    if trees is None:
        return NOTHING
    chosen = trees.boosters if outer else trees.boosters[FITTED.index(0.5) :][:1]
    roots, quantile, nodes, numbers = [], [], [], []
    count, deepest = 0, 0
    for column, text in enumerate(chosen):
        for block in text.split("\nTree=")[1:]:
            tree = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
            if int(tree["num_cat"]) > 0:
                return NOTHING
            table, number, depth = _tree(tree)
            roots.append(count)
            quantile.append(column)
            nodes.append(table)
            numbers.append(number)
            deepest = max(deepest, depth)
            count += len(table)
    seasons = trees.seasons
    joined, number = np.concatenate(nodes), np.concatenate(numbers)
    return Forest(
        roots=np.array(roots, dtype=np.int64),
        quantile=np.array(quantile, dtype=np.int64),
        limits=_limits(joined, number, 1 + _cycles(seasons)),
        nodes=joined.astype(np.int16),
        number=number,
        columns=len(chosen),
        short=seasons.short,
        long=seasons.long,
        by_step=1 + _cycles(seasons),
        age=1 + _cycles(seasons) + RECENT + 4,
        deepest=deepest,
        facts=RECENT + 7 + 3 * (seasons.short > 1),
    )


def _cycles(seasons: Seasons) -> int:
    """How many features are values whole seasons before a step."""
    return 3 * (seasons.short > 1) + 2 * (seasons.long > 1)


def _limits(nodes: Integers, number: Floats, by_step: int) -> Floats:
    """The thresholds of the first features, as in Forest; their places go into ``nodes``."""
    inside = [nodes[:, 0] == feature for feature in range(by_step)]
    found = [np.unique(number[here]) for here in inside]
    result = np.full((by_step, max(map(len, found))), np.inf)
    for feature, (here, limits) in enumerate(zip(inside, found, strict=True)):
        result[feature, : len(limits)] = limits
        nodes[here, 3] = np.searchsorted(limits, number[here])
    return result


def _tree(tree: dict[str, str]) -> tuple[Integers, Floats, int]:
    """Nodes (nodes, 4) and numbers (nodes,) of a tree, and its depth."""
    values = _numbers(tree["leaf_value"])
    inner = len(values) - 1
    fields = ("decision_type", "split_feature", "left_child", "right_child")
    decision, feature, left, right = (_numbers(tree.get(name, "")).astype(np.int64) for name in fields)
    limits = _numbers(tree.get("threshold", ""))
    order, depths, waiting = [], [], [(0 if inner else ~0, 0)]  # a leaf is the complement of its number
    while waiting:
        code, depth = waiting.pop()
        order.append(code)
        depths.append(depth)
        if code >= 0:
            waiting += [(int(right[code]), depth + 1), (int(left[code]), depth + 1)]
    place = {code: number for number, code in enumerate(order)}
    table, number = np.zeros((len(order), 4), np.int64), np.empty(len(order))
    for node, code in enumerate(order):
        if code < 0:
            table[node, 0], number[node] = LEAF, values[~code]
            continue
        told = (int(decision[code]) >> MISSING) & 3 == NAN
        gone = (1 if int(decision[code]) & MISSING_LEFT else 2) if told else 0
        table[node, :3] = feature[code], place[int(right[code])] - node, gone
        number[node] = limits[code]
    return table, number, max(depths)


def _numbers(text: str) -> Floats:
    return np.array(text.split(), dtype=np.float64)


# The bits of a word are steps. Compiled arithmetic turns to floats where signed and unsigned integers meet,
# so that every constant is unsigned, too.
WORD = 64
ZERO, ONE = np.uint64(0), np.uint64(1)
# De Bruijn's sequence: the upper six bits of its product with a power of two differ for each power.
SEQUENCE, UPPER = np.uint64(0x03F79D71B4CB0A89), np.uint64(58)
PLACE = np.zeros(WORD, np.int64)
with np.errstate(over="ignore"):
    for _bit in range(WORD):
        PLACE[int((SEQUENCE * (ONE << np.uint64(_bit))) >> UPPER)] = _bit


@compiled
def predict(forest, table, out):  # type: ignore[no-untyped-def]
    """Predict the rows of ``table`` (steps, features), all of one origin, into ``out`` (steps, columns)."""
    for begin in range(0, len(table), WORD):
        _predict(forest, table[begin : begin + WORD], out[begin : begin + WORD])


@compiled
def _predict(forest, table, out):  # type: ignore[no-untyped-def]
    """As ``predict``, for at most WORD steps."""
    nodes, number, by_step = forest.nodes, forest.number, forest.by_step
    facts, steps = table[0], len(table)
    # By feature that differs between steps and threshold: the steps that are not above it.
    limits, missing = forest.limits, np.zeros(by_step, np.uint64)
    below = np.zeros((by_step, limits.shape[1] + 1), np.uint64)
    for feature in range(by_step):
        for step in range(steps):
            value, bit = table[step, feature], ONE << np.uint64(step)
            if np.isnan(value):
                missing[feature] |= bit
            else:
                below[feature, np.searchsorted(limits[feature], value)] |= bit
        for place in range(1, limits.shape[1]):
            below[feature, place] |= below[feature, place - 1]
    every = ZERO
    for step in range(steps):
        every |= ONE << np.uint64(step)
    waiting, their = np.empty(forest.deepest + 1, np.int64), np.empty(forest.deepest + 1, np.uint64)
    out[:] = 0.0
    for tree in range(len(forest.roots)):
        column, depth = forest.quantile[tree], 1
        waiting[0], their[0] = forest.roots[tree], every
        while depth > 0:
            depth -= 1
            node, here = waiting[depth], their[depth]
            feature = nodes[node, 0]
            while feature != LEAF:
                limit, gone = number[node], nodes[node, 2]
                nan_right = gone == 2 or (gone == 0 and limit < 0)
                if feature >= by_step:
                    fact = facts[feature]
                    right = nan_right if np.isnan(fact) else fact > limit
                    node += nodes[node, 1] if right else 1
                else:
                    left = below[feature, nodes[node, 3]]
                    if not nan_right:
                        left |= missing[feature]
                    left &= here
                    if left == ZERO:
                        node += nodes[node, 1]
                    else:
                        if left != here:
                            waiting[depth], their[depth] = node + nodes[node, 1], here ^ left
                            depth += 1
                            here = left
                        node += 1
                feature = nodes[node, 0]
            value = number[node]
            while here != ZERO:
                lowest = here & (~here + ONE)
                out[PLACE[(lowest * SEQUENCE) >> UPPER], column] += value
                here ^= lowest
