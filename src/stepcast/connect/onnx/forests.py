"""Boosted trees as ONNX's TreeEnsembleRegressor."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from onnx import numpy_helper

from stepcast.connect.exchange.trees import Leaf, Tree
from stepcast.connect.onnx.graph import ML, Graph

__all__ = ["add_forest"]


def add_forest(graph: Graph, trees: Sequence[Tree], columns: Mapping[int, str]) -> str:
    """The sum of ``trees`` (steps,); ``columns`` are their features by place."""
    places = {place: column for column, place in enumerate(columns)}
    table = _Nodes()
    for number, tree in enumerate(trees):
        table.begin(number)
        table.put(tree, places)
    last = graph.constant(np.array([-1]))
    parts = [graph.add("Unsqueeze", column, last) for column in columns.values()]
    if not parts:  # every tree is a leaf
        return graph.constant(float(sum(table.weights)))
    features = graph.add("Concat", *parts, axis=1)
    made = graph.add("TreeEnsembleRegressor", features, domain=ML, **table.attributes())
    return graph.add("Squeeze", graph.add("Cast", made, to=11), last)


class _Nodes:
    """The trees' nodes, one after another, as lists of what each attribute is for each node."""

    def __init__(self) -> None:
        self._tree = 0
        self._lists: dict[str, list[Any]] = {
            key: []
            for key in (
                "treeids",
                "nodeids",
                "featureids",
                "modes",
                "truenodeids",
                "falsenodeids",
                "missing_value_tracks_true",
            )
        }
        self._thresholds: list[float] = []
        self._leaves: list[tuple[int, int]] = []
        self.weights: list[float] = []
        self._next = 0

    def begin(self, tree: int) -> None:
        self._tree, self._next = tree, 0

    def put(self, tree: Tree, places: Mapping[int, int]) -> int:
        """The number of the node that ``tree`` begins with."""
        number = self._next
        self._next += 1
        if isinstance(tree, Leaf):
            self._row(number, "LEAF", 0, 0.0, False)
            self._leaves.append((self._tree, number))
            self.weights.append(tree.value)
            return number
        row = len(self._thresholds)
        self._row(number, "BRANCH_LEQ", places[tree.feature], tree.threshold, tree.missing_left)
        self._lists["truenodeids"][row] = self.put(tree.left, places)
        self._lists["falsenodeids"][row] = self.put(tree.right, places)
        return number

    def _row(self, number: int, mode: str, feature: int, threshold: float, missing_left: bool) -> None:
        for key, value in (
            ("treeids", self._tree),
            ("nodeids", number),
            ("featureids", feature),
            ("modes", mode),
            ("truenodeids", 0),
            ("falsenodeids", 0),
            ("missing_value_tracks_true", int(missing_left)),
        ):
            self._lists[key].append(value)
        self._thresholds.append(threshold)

    def attributes(self) -> dict[str, Any]:
        found = {f"nodes_{key}": values for key, values in self._lists.items()}
        return {
            **found,
            "nodes_values_as_tensor": numpy_helper.from_array(np.array(self._thresholds)),
            "target_treeids": [tree for tree, _ in self._leaves],
            "target_nodeids": [node for _, node in self._leaves],
            "target_ids": [0] * len(self._leaves),
            "target_weights_as_tensor": numpy_helper.from_array(np.array(self.weights)),
            "n_targets": 1,
            "aggregate_function": "SUM",
        }
