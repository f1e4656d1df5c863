"""Arrays of NumPy or of JAX: the networks are written once for both."""

from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np

__all__ = ["Array", "Weights", "namespace", "scan"]

Array = Any  # numpy.ndarray or jax.Array
Weights = Mapping[str, Array]


def namespace(array: Array) -> Any:
    """The module whose functions take ``array``."""
    return array.__array_namespace__()


def scan(step: Callable[[Any, Array], tuple[Any, Array]], state: Any, inputs: Array) -> tuple[Any, Array]:
    """Apply ``step`` along the first axis of ``inputs``: the last state, and what each step gave, stacked."""
    own = getattr(namespace(inputs), "scan", None)
    if own is not None:  # arrays that write a graph of their own
        return cast(tuple[Any, Array], own(step, state, inputs))
    if not isinstance(inputs, np.ndarray):
        from jax import lax

        return lax.scan(step, state, inputs)
    made = []
    for one in inputs:
        state, output = step(state, one)
        made.append(output)
    return state, np.stack(made)
