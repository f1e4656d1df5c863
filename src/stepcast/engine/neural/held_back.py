"""Which windows are trained on, and which are held back to tell when to stop and how wide to forecast."""

from dataclasses import dataclass

import numpy as np

from stepcast.engine.neural.grid import Grid
from stepcast.engine.neural.shape import Shape
from stepcast.engine.neural.training import Origins, Span

__all__ = ["Split", "spans", "split"]

MANY = 50  # series: with as many, a fifth of them tells enough; with fewer, the end of each
SHARE = 0.2
MOST = 512  # windows that are held back


@dataclass(frozen=True)
class Split:
    """``train`` before what ``held`` has; ``all`` is both."""

    train: Span
    held: Origins
    all: Span


def spans(grid: Grid, shape: Shape, stop: int) -> Span:
    """Every window whose horizon ends before column ``stop`` and that has a value before it."""
    low = np.maximum(grid.first + 1, 1)
    high = np.full(len(low), stop - shape.horizon + 1)
    rows = np.flatnonzero(high > low)
    return Span(rows, low[rows], high[rows])


def split(grid: Grid, shape: Shape, stop: int, seed: int) -> Split:
    """Of many series, the last horizon of a fifth is held back; of few, the last fifth of all."""
    whole = spans(grid, shape, stop)
    random = np.random.default_rng(seed)
    high = whole.high.copy()
    if len(whole.rows) >= MANY:
        chosen = np.sort(random.choice(len(whole.rows), round(SHARE * len(whole.rows)), replace=False))
        high[chosen] = stop - 2 * shape.horizon + 1
        held = Origins(whole.rows[chosen], np.full(len(chosen), stop - shape.horizon))
    else:
        known = stop - whole.low
        reach = np.maximum(shape.horizon, (known * SHARE).astype(int))
        high = stop - reach - shape.horizon + 1
        pairs = [
            (row, column)
            for row, low, far in zip(whole.rows, whole.low, reach, strict=True)
            for column in range(max(stop - far, low), stop - shape.horizon + 1)
        ]
        held = Origins(*np.array(pairs, np.int64).reshape(-1, 2).T)
    if len(held.rows) > MOST:
        kept = np.sort(random.choice(len(held.rows), MOST, replace=False))
        held = Origins(held.rows[kept], held.columns[kept])
    left = high > whole.low
    return Split(Span(whole.rows[left], whole.low[left], high[left]), held, whole)
