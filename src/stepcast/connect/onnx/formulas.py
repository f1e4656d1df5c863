"""Formulas as nodes of an ONNX graph, for many steps at once."""

from functools import reduce

import numpy as np

from stepcast.connect.exchange.formulas import (
    Floor,
    Forest,
    Formula,
    Greatest,
    Least,
    Linear,
    Named,
    Number,
    Power,
    Product,
    Root,
    Step,
    Sum,
    Table,
)
from stepcast.connect.onnx.forests import add_forest
from stepcast.connect.onnx.graph import Graph

__all__ = ["Writer"]


class Writer:
    """``index`` names the steps, from 0 on; ``latest`` the latest values."""

    def __init__(self, graph: Graph, index: str, horizon: int, latest: str) -> None:
        self._graph, self._index, self._latest = graph, index, latest
        self._written: dict[str, str] = {}
        self._step = Table(np.arange(1.0, horizon + 1))

    def write(self, formula: Formula) -> str:
        """The value of ``formula`` (steps,), in double precision."""
        graph = self._graph
        match formula:
            case Step():
                return self.write(self._step)
            case Number(value=value):
                return graph.constant(float(value))
            case Table(numbers=numbers):
                return graph.add("Gather", graph.constant(numbers), self._index)
            case Sum(terms=parts):
                return self._all("Add", parts)
            case Product(factors=parts):
                return self._all("Mul", parts)
            case Greatest(of=parts):
                return self._all("Max", parts)
            case Least(of=parts):
                return self._all("Min", parts)
            case Power(base=base, exponent=part):
                return graph.add("Pow", graph.constant(float(base)), self.write(part))
            case Root(of=part):
                return graph.add("Sqrt", self.write(part))
            case Floor(of=part):
                return graph.add("Floor", self.write(part))
            case Linear(weights=weights):
                rows = graph.add("Gather", graph.constant(weights.T), self._index)
                return graph.add("MatMul", rows, self._latest)
            case Forest(trees=trees, features=features):
                columns = {place: self.write(feature) for place, feature in features.items()}
                return add_forest(graph, trees, columns)
            case Named(name=name, formula=part):
                if name not in self._written:
                    self._written[name] = self.write(part)
                return self._written[name]

    def _all(self, operator: str, parts: tuple[Formula, ...]) -> str:
        return reduce(lambda left, right: self._graph.add(operator, left, right), map(self.write, parts))
