"""The parts that networks are made of, and their first weights."""

import numpy as np

from stepcast.engine.neural.arrays import Array, Weights, namespace, scan

__all__ = [
    "Maker",
    "conv_to_last",
    "dense",
    "lstm",
    "lstm_from",
    "lstm_step",
    "shares",
    "softplus",
    "with_categories",
]


class Maker:
    """Draws first weights, each under its name; the same seed gives the same."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self.weights: dict[str, Array] = {}

    def dense(self, name: str, inputs: int, outputs: int, gain: float = 1.0) -> None:
        """Uniform with the variance of Glorot and Bengio (2010), times ``gain`` squared."""
        limit = gain * np.sqrt(6 / (inputs + outputs))
        self.weights[f"{name}.kernel"] = self._random.uniform(-limit, limit, (inputs, outputs)).astype("f4")
        self.weights[f"{name}.bias"] = np.zeros(outputs, "f4")

    def lstm(self, name: str, inputs: int, cells: int) -> None:
        """A bias of 1 lets a cell remember at first (Gers et al., 2000)."""
        self.dense(name, inputs + cells, 4 * cells)
        self.weights[f"{name}.bias"][cells : 2 * cells] = 1.0

    def embeddings(self, categories: tuple[int, ...]) -> int:
        """A table for each attribute, by its number of ``categories``; the numbers for all of them together.

        Row 0 is an unknown category.
        """
        sizes = [min(8, 1 + count // 2) for count in categories]
        for number, (count, size) in enumerate(zip(categories, sizes, strict=True)):
            drawn = self._random.standard_normal((count + 1, size))
            self.weights[f"category{number}"] = (0.1 * drawn).astype("f4")
        return sum(sizes)


def dense(weights: Weights, name: str, x: Array) -> Array:
    return x @ weights[f"{name}.kernel"] + weights[f"{name}.bias"]


def softplus(x: Array) -> Array:
    return namespace(x).logaddexp(x, 0.0 * x)


def with_categories(weights: Weights, features: Array, codes: Array) -> Array:
    """``features`` (batch, features) and what stands for the categories of ``codes`` (batch, attributes)."""
    tables = [weights[f"category{number}"] for number in range(codes.shape[1])]
    embedded = [table[codes[:, number]] for number, table in enumerate(tables)]
    return namespace(features).concatenate([features, *embedded], axis=1)


def conv_to_last(weights: Weights, name: str, x: Array, layers: int) -> Array:
    """The last output (batch, channels) of causal convolutions of width 2, dilated by 1, 2, 4...

    ``x`` (batch, 2 ** layers, features). Only what the last output needs is computed: layer n of every 2 ** n
    positions. Each layer adds what it gets to what it makes, where the sizes agree.
    """
    xp = namespace(x)
    for layer in range(layers):
        batch, time, features = x.shape
        pairs = x.reshape(batch, time // 2, 2 * features)
        made = xp.maximum(dense(weights, f"{name}{layer}", pairs), 0.0)
        x = made + x[:, 1::2] if made.shape[-1] == features else made
    return x[:, -1]


def lstm_step(weights: Weights, name: str, state: tuple[Array, Array], x: Array) -> tuple[Array, Array]:
    """Hidden and cell state after ``x`` (batch, features). Source: Hochreiter and Schmidhuber (1997)."""
    hidden, cell = state
    xp = namespace(x)
    gates = dense(weights, name, xp.concatenate([x, hidden], axis=-1))
    size = cell.shape[-1]
    write, keep, show = (_sigmoid(gates[..., place * size : (place + 1) * size]) for place in range(3))
    cell = keep * cell + write * xp.tanh(gates[..., 3 * size :])
    return show * xp.tanh(cell), cell


def lstm(weights: Weights, name: str, x: Array, cells: int) -> Array:
    """All hidden states (batch, time, cells) from ``x`` (batch, time, features), from a state of zeros."""
    xp = namespace(x)
    zeros = xp.zeros((x.shape[0], cells), x.dtype)
    return lstm_from(weights, name, x, (zeros, zeros))[0]


def lstm_from(
    weights: Weights, name: str, x: Array, state: tuple[Array, Array]
) -> tuple[Array, tuple[Array, Array]]:
    """All hidden states from ``x``, and the last state."""
    xp = namespace(x)

    def step(state: tuple[Array, Array], one: Array) -> tuple[tuple[Array, Array], Array]:
        state = lstm_step(weights, name, state, one)
        return state, state[0]

    last, hidden = scan(step, state, xp.swapaxes(x, 0, 1))
    return xp.swapaxes(hidden, 0, 1), last


def shares(logits: Array, known: Array) -> Array:
    """How much each candidate counts: at least 0, 1 together; an unknown one not at all.

    ``logits`` (..., candidates + 1); the last is always known.
    """
    xp = namespace(logits)
    known = xp.concatenate([known, xp.ones_like(known[..., :1])], axis=-1)
    weight = xp.where(known, xp.exp(logits - logits.max(axis=-1, keepdims=True)), 0.0)
    return weight / xp.maximum(weight.sum(axis=-1, keepdims=True), 1e-9)


def _sigmoid(x: Array) -> Array:
    return 0.5 * (namespace(x).tanh(0.5 * x) + 1.0)
