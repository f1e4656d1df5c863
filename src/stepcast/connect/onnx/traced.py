"""Arrays that write down what is done with them: the code of a network, run once on them, draws its graph.

Each holds what NumPy made of it for one item, which gives shapes and types; the graph computes the same for
other values. Only what the networks do is known here; anything else raises TypeError.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import helper

from stepcast.connect.onnx.graph import Graph

__all__ = ["Traced"]

UNARY = {
    "tanh": "Tanh",
    "exp": "Exp",
    "log": "Log",
    "absolute": "Abs",
    "negative": "Neg",
    "isnan": "IsNaN",
    "logical_not": "Not",
}
BINARY = {
    "add": "Add",
    "subtract": "Sub",
    "multiply": "Mul",
    "divide": "Div",
    "maximum": "Max",
    "minimum": "Min",
    "matmul": "MatMul",
    "greater": "Greater",
    "equal": "Equal",
    "bitwise_and": "And",
    "bitwise_or": "Or",
    "logical_and": "And",
}
COMPARISONS = ("greater", "equal")


class Traced(np.lib.mixins.NDArrayOperatorsMixin):
    """``value`` as the node ``name`` of ``graph`` gives it."""

    def __init__(self, graph: Graph, name: str, value: NDArray[Any]) -> None:
        self.graph, self.name, self.value = graph, name, value

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape

    @property
    def dtype(self) -> Any:
        return self.value.dtype

    def __array_namespace__(self) -> "Namespace":
        return Namespace(self.graph)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if method != "__call__" or options:
            return NotImplemented
        if ufunc.__name__ in COMPOSED:
            return COMPOSED[ufunc.__name__](*inputs)
        operator = (UNARY if len(inputs) == 1 else BINARY).get(ufunc.__name__)
        if operator is None:
            return NotImplemented
        value = ufunc(*(_value(one) for one in inputs))
        # NumPy's own promotion, in which numbers of Python have no type.
        kinds = [one if isinstance(one, bool | int | float) else one.dtype for one in inputs]
        kind = np.result_type(*kinds) if ufunc.__name__ in COMPARISONS else value.dtype
        if operator in ("IsNaN", "Not"):
            kind = _value(inputs[0]).dtype
        names = [_named(self.graph, one, kind) for one in inputs]
        return Traced(self.graph, self.graph.add(operator, *names), value)

    def __array_function__(self, function: Any, types: Any, arguments: Any, options: Any) -> Any:
        del types
        known = vars(Namespace).get(function.__name__)
        return NotImplemented if known is None else known(Namespace(self.graph), *arguments, **options)

    def __getitem__(self, key: Any) -> "Traced":
        """Any key that picks: the places that NumPy picks from an array of them."""
        places = np.arange(self.value.size).reshape(self.shape)[key]
        flat = self.reshape(-1)
        name = self.graph.add("Gather", flat.name, self.graph.constant(places.astype(np.int64)))
        return Traced(self.graph, name, self.value[key])

    def __iter__(self) -> "Iterator[Traced]":
        return (self[place] for place in range(len(self.value)))

    def __len__(self) -> int:
        return len(self.value)

    def reshape(self, *shape: int) -> "Traced":
        value = self.value.reshape(*shape)
        to = self.graph.constant(np.array(value.shape, np.int64))
        return Traced(self.graph, self.graph.add("Reshape", self.name, to), value)

    def astype(self, kind: Any) -> "Traced":
        return Traced(self.graph, _named(self.graph, self, np.dtype(kind)), self.value.astype(kind))

    def sum(self, axis: int, keepdims: bool = False) -> "Traced":
        given = self.astype("f8") if self.dtype == bool else self
        axes = self.graph.constant(np.array([axis], np.int64))
        name = self.graph.add("ReduceSum", given.name, axes, keepdims=int(keepdims))
        return Traced(self.graph, name, given.value.sum(axis=axis, keepdims=keepdims))

    def mean(self, axis: int) -> "Traced":
        made: Traced = self.sum(axis) / float(self.shape[axis])
        return made

    def max(self, axis: int, keepdims: bool = False) -> "Traced":
        name = self.graph.add("ReduceMax", self.name, axes=[axis], keepdims=int(keepdims))
        return Traced(self.graph, name, self.value.max(axis=axis, keepdims=keepdims))

    def any(self, axis: int) -> "Traced":
        made: Traced = self.sum(axis) > 0.0
        return made


class Namespace:
    """The functions of NumPy that the networks call; on arrays of NumPy alone, NumPy's own."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    def concatenate(self, parts: Sequence[Any], axis: int = 0) -> Any:
        value = np.concatenate([_value(part) for part in parts], axis=axis)
        if not any(isinstance(part, Traced) for part in parts):
            return value
        names = [_named(self._graph, part, value.dtype) for part in parts]
        return Traced(self._graph, self._graph.add("Concat", *names, axis=axis), value)

    def stack(self, parts: Sequence[Any], axis: int = 0) -> Any:
        def widened(part: Any) -> Any:
            shape = np.expand_dims(_value(part), axis).shape
            return part.reshape(*shape)

        return self.concatenate([widened(part) for part in parts], axis=axis)

    def where(self, known: Any, here: Any, there: Any) -> Any:
        value = np.where(_value(known), _value(here), _value(there))
        if value.dtype == bool:  # runtimes pick numbers only
            return (known & here) | (np.logical_not(known) & there)
        names = [_named(self._graph, known, np.dtype(bool))]
        names += [_named(self._graph, one, value.dtype) for one in (here, there)]
        return Traced(self._graph, self._graph.add("Where", *names), value)

    def clip(self, array: Any, low: float, high: float) -> Any:
        return np.minimum(np.maximum(array, low), high)

    def broadcast_to(self, array: Any, shape: tuple[int, ...]) -> Any:
        value = np.broadcast_to(_value(array), shape)
        if not isinstance(array, Traced):
            return value
        to = self._graph.constant(np.array(shape, np.int64))
        return Traced(self._graph, self._graph.add("Expand", array.name, to), value)

    def cumsum(self, array: Traced, axis: int) -> Traced:
        name = self._graph.add("CumSum", array.name, self._graph.constant(np.int64(axis)))
        return Traced(self._graph, name, np.cumsum(array.value, axis=axis))

    def flip(self, array: Traced, axis: int) -> Traced:
        order = np.arange(array.shape[axis])[::-1]
        name = self._graph.add("Gather", array.name, self._graph.constant(order.copy()), axis=axis)
        return Traced(self._graph, name, np.flip(array.value, axis))

    def swapaxes(self, array: Traced, first: int, second: int) -> Traced:
        order = list(range(array.value.ndim))
        order[first], order[second] = order[second], order[first]
        name = self._graph.add("Transpose", array.name, perm=order)
        return Traced(self._graph, name, np.swapaxes(array.value, first, second))

    def ones_like(self, array: Any) -> NDArray[Any]:
        return np.ones_like(_value(array))

    def zeros_like(self, array: Any) -> NDArray[Any]:
        return np.zeros_like(_value(array))

    def scan(
        self, step: Callable[[Any, Any], tuple[Any, Any]], state: Any, inputs: Traced
    ) -> tuple[Any, Any]:
        """One step after another: the graph holds each."""
        made = []
        for one in inputs:
            state, output = step(state, one)
            made.append(output)
        return state, self.stack(made)


def _log1p(array: Traced) -> Traced:
    made: Traced = np.log(array + 1.0)
    return made


def _logaddexp(first: Traced, second: Any) -> Traced:
    """By ONNX's softplus, which is log(1 + exp(x))."""
    apart = first - second
    soft = Traced(
        apart.graph, apart.graph.add("Softplus", apart.name), np.logaddexp(apart.value, 0 * apart.value)
    )
    made: Traced = soft + second
    return made


COMPOSED: dict[str, Callable[..., Traced]] = {"log1p": _log1p, "logaddexp": _logaddexp}


def _value(one: Any) -> Any:
    return one.value if isinstance(one, Traced) else one


def _named(graph: Graph, one: Any, kind: Any) -> str:
    """The node of ``one`` as ``kind``."""
    if not isinstance(one, Traced):
        return graph.constant(np.asarray(one, kind))
    if one.dtype == kind:
        return one.name
    return graph.add("Cast", one.name, to=helper.np_dtype_to_tensor_dtype(np.dtype(kind)))
