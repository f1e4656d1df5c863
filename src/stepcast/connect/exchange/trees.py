"""Gradient boosted trees as LightGBM has grown them, in a form that any format can be written from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from stepcast.connect.errors import ConnectorError
from stepcast.engine.arrays import Floats

__all__ = ["Leaf", "Split", "Tree", "pruned", "read_booster", "score", "used_features"]


@dataclass(frozen=True)
class Leaf:
    value: float


@dataclass(frozen=True)
class Split:
    """``left`` where the feature, by its place, is at most ``threshold``, or one of ``categories``.

    ``missing_left``  whether it is there that a missing value goes.
    """

    feature: int
    threshold: float
    categories: tuple[int, ...]
    missing_left: bool
    left: "Tree"
    right: "Tree"


Tree = Leaf | Split


@lru_cache(maxsize=8)  # of one run all items have the same
def read_booster(text: str) -> tuple[Tree, ...]:
    """The trees of a LightGBM model in its text format, whose sum is its prediction."""
    import lightgbm

    described = lightgbm.Booster(model_str=text).dump_model()
    return tuple(_tree(one["tree_structure"]) for one in described["tree_info"])


def _tree(node: dict[str, Any]) -> Tree:
    if "leaf_value" in node:
        return Leaf(float(node["leaf_value"]))
    if node["missing_type"] == "Zero":
        raise ConnectorError("trees that take zero for missing cannot be exported")
    left, right = _tree(node["left_child"]), _tree(node["right_child"])
    if node["decision_type"] == "==":
        categories = tuple(map(int, str(node["threshold"]).split("||")))
        return Split(node["split_feature"], np.nan, categories, False, left, right)
    threshold = float(node["threshold"])
    # What no example had missing is read as zero where it is missing.
    missing_left = bool(node["default_left"]) if node["missing_type"] == "NaN" else threshold >= 0
    return Split(node["split_feature"], threshold, (), missing_left, left, right)


def score(trees: Sequence[Tree], rows: Floats) -> Floats:
    """The sum of the trees (rows,) for ``rows`` (rows, features), nan where a feature is missing."""
    return np.array([sum(_leaf(tree, row).value for tree in trees) for row in rows.tolist()])


def _leaf(tree: Tree, row: list[float]) -> Leaf:
    while isinstance(tree, Split):
        tree = tree.left if goes_left(tree, row[tree.feature]) else tree.right
    return tree


def goes_left(split: Split, value: float) -> bool:
    if np.isnan(value):
        return split.missing_left
    return int(value) in split.categories if split.categories else value <= split.threshold


def pruned(trees: Sequence[Tree], rows: Floats) -> tuple[Tree, ...]:
    """The trees without the branches that none of ``rows`` (rows, features) takes.

    An item's categories are the same in all rows, so no split by categories is left.
    """
    return tuple(_pruned(tree, rows) for tree in trees)


def _pruned(tree: Tree, rows: Floats) -> Tree:
    if isinstance(tree, Leaf):
        return tree
    left = np.array([goes_left(tree, value) for value in rows[:, tree.feature].tolist()])
    if left.all():
        return _pruned(tree.left, rows)
    if not left.any():
        return _pruned(tree.right, rows)
    return replace(tree, left=_pruned(tree.left, rows[left]), right=_pruned(tree.right, rows[~left]))


def used_features(trees: Sequence[Tree]) -> set[int]:
    """The places of the features that the trees ask for."""
    found: set[int] = set()
    for tree in trees:
        if isinstance(tree, Split):
            found |= {tree.feature} | used_features((tree.left, tree.right))
    return found
