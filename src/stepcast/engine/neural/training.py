"""Fit a network's weights to windows of a grid: Adam on random batches, the same ones for the same seed."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.neural.arrays import Array, Weights
from stepcast.engine.neural.compilation import configure, rounded_up, with_room
from stepcast.engine.neural.network import Network
from stepcast.engine.neural.windows import Columns

__all__ = ["Origins", "Schedule", "Span", "fit"]

ALIKE = 0.98  # weights are averaged over the last fifty batches or so
STEEPEST = 1.0  # the norm that gradients are clipped to
WARM_UP = 50  # batches
DECAY = 1e-4  # of weights, times the rate


@dataclass(frozen=True)
class Schedule:
    """At most ``epochs`` of ``batches`` batches; fewer where ``patience`` epochs brought nothing better.

    With ``decays``, the rate is then multiplied by ``decay`` as often instead, and only after that it ends.
    """

    epochs: int
    batches: int
    batch: int
    rate: float
    patience: int
    decays: int = 0
    decay: float = 0.5


@dataclass(frozen=True)
class Span:
    """Origins (columns) that each of ``rows`` may be forecast from: ``low`` to before ``high``."""

    rows: Integers
    low: Integers
    high: Integers

    def draw(self, random: np.random.Generator, shape: tuple[int, ...]) -> "Origins":
        place = random.integers(len(self.rows), size=shape)
        width = (self.high - self.low)[place]
        return Origins(self.rows[place], self.low[place] + (random.random(shape) * width).astype(np.int64))

    @property
    def windows(self) -> int:
        return int((self.high - self.low).sum())


@dataclass(frozen=True)
class Origins:
    """Windows: the series and the column that each is forecast from."""

    rows: Integers
    columns: Integers


def fit(
    network: Network,
    weights: Weights,
    columns: Columns,
    span: Span,
    schedule: Schedule,
    seed: int,
    held: Origins | None = None,
    report: Callable[[int, float, float | None], None] = lambda *_: None,
    watch: Callable[[int, Callable[[], Weights]], None] = lambda *_: None,
    least: int = 1,
) -> tuple[dict[str, Array], int]:
    """Train on ``span``: the weights of the epoch that was best on ``held``, or of the last; its number.

    Epochs before ``least`` are not looked at.

    ``watch`` can see the weights after each epoch; what it raises ends the training.
    """
    epoch, judge, begin = _compiled(network)
    import jax

    columns = jax.device_put(with_room(columns))
    weights, averaged = jax.device_put((_copied(weights), _copied(weights)))
    state = begin(weights)
    random = np.random.default_rng(seed)
    rates = _rates(schedule)
    best, kept = np.inf, _copied(weights)
    at, since = 0, least - 1
    left, share = schedule.decays, 1.0
    count = 0 if held is None else len(held.rows)
    places = np.resize(np.arange(count), rounded_up(count))
    for number in range(1, schedule.epochs + 1):
        drawn = span.draw(random, (schedule.batches, schedule.batch))
        carry = (weights, averaged, state)
        (weights, averaged, state), value = epoch(
            carry, columns, drawn.rows, drawn.columns, share * rates[number - 1]
        )
        judged = None
        if held is not None:
            lost = judge(averaged, columns, held.rows[places], held.columns[places])
            judged = float(np.asarray(lost)[:count].mean())
            if judged < best and number >= least:
                best, at, since = judged, number, number
                kept = _copied(averaged)
        report(number, float(value), judged)
        watch(number, partial(_copied, averaged))
        if held is not None and number - since >= schedule.patience:
            if not left:
                break
            left, share, since = left - 1, share * schedule.decay, number
    if held is None:
        kept, at = _copied(averaged), schedule.epochs
    return kept, at


def _copied(weights: Weights) -> dict[str, Array]:
    """As arrays of NumPy: what is handed to an epoch is gone afterwards."""
    return {name: np.array(array) for name, array in weights.items()}


def _rates(schedule: Schedule) -> Floats:
    """Learning rates (epochs, batches): a short rise, then half a cosine down to nothing."""
    total = schedule.epochs * schedule.batches
    rise = min(WARM_UP, max(1, total // 5))
    step = np.arange(total)
    falling = 0.5 * (1 + np.cos(np.pi * np.maximum(step - rise, 0) / max(1, total - rise)))
    rates = schedule.rate * np.where(step < rise, (step + 1) / rise, falling)
    return rates.reshape(schedule.epochs, schedule.batches).astype("f4")


@lru_cache(maxsize=8)
def _compiled(network: Network) -> tuple[Any, Any, Any]:
    """An epoch of training, the loss of each window, the optimizer's first state: compiled once a network."""
    configure()
    import jax
    import optax

    optimizer = optax.chain(
        optax.clip_by_global_norm(STEEPEST), optax.scale_by_adam(), optax.add_decayed_weights(DECAY)
    )

    def mean_loss(weights: Any, columns: Any, rows: Any, origins: Any) -> Any:
        return network.loss(weights, columns, rows, origins).mean()

    def epoch(carry: Any, columns: Any, rows: Any, origins: Any, rates: Any) -> Any:
        def step(carry: Any, drawn: Any) -> Any:
            weights, averaged, state = carry
            rows, origins, rate = drawn
            value, gradient = jax.value_and_grad(mean_loss)(weights, columns, rows, origins)
            updates, state = optimizer.update(gradient, state, weights)
            weights = jax.tree.map(lambda weight, update: weight - rate * update, weights, updates)
            averaged = jax.tree.map(lambda old, new: ALIKE * old + (1 - ALIKE) * new, averaged, weights)
            return (weights, averaged, state), value

        carry, values = jax.lax.scan(step, carry, (rows, origins, rates))
        return carry, values.mean()

    def begin(weights: Any) -> Any:
        empty = jax.eval_shape(optimizer.init, weights)
        return jax.tree.map(lambda one: np.zeros(one.shape, one.dtype), empty)

    return jax.jit(epoch, donate_argnums=0), jax.jit(network.loss), begin
