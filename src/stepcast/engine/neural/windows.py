"""Windows: what a network sees of a series before an origin, and what came after it."""

from typing import NamedTuple

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.auto.series.covariates import CovariateEncoder
from stepcast.engine.neural.arrays import Array, namespace
from stepcast.engine.neural.grid import Grid
from stepcast.engine.neural.shape import Shape

__all__ = [
    "STATIC",
    "Columns",
    "Windows",
    "changes_of",
    "columns_of",
    "last_before",
    "outcomes_at",
    "windows_at",
]

STATIC = 6  # features of a window as a whole
TINY = 1e-6  # the smallest scale, as a share of the level


class Columns(NamedTuple):
    """A grid with room around it, so that windows may begin and end outside.

    ``ahead``  (features,) 1 for own features that are known ahead: others are not shown of the future.
    """

    values: Array
    known: Array
    first: Array
    shared: Array
    own: Array
    ahead: Array
    codes: Array


class Windows(NamedTuple):
    """What the network sees, in units of each window's own level and scale.

    ``context``  (batch, context, features): value, whether known, own and shared features.
    ``future``   (batch, horizon, features): own and shared features of the periods to forecast.
    ``lags``     (batch, horizon, lags) values of the same phase in seasons before, ``lags_known`` or 0.
    ``static``   (batch, features) of the window as a whole.
    ``codes``    (batch, attributes).
    ``level``, ``scale``  (batch,): a value is level + scale * what the network says.
    ``noise``    (batch,) how much a season differs from the one before, in units of ``scale``.
    """

    context: Array
    future: Array
    lags: Array
    lags_known: Array
    static: Array
    codes: Array
    level: Array
    scale: Array
    noise: Array


def columns_of(grid: Grid, shape: Shape, encoder: CovariateEncoder, dtype: str = "f8") -> Columns:
    """Arrays of NumPy that ``windows_at`` takes, or JAX's once they are handed over."""
    room = shape.seen
    short = max(0, grid.length + shape.horizon - len(grid.shared))
    return Columns(
        np.pad(grid.values, ((0, 0), (room, shape.horizon))).astype(dtype),
        np.pad(grid.known, ((0, 0), (room, shape.horizon))),
        grid.first + room,
        np.pad(grid.shared, ((room, short), (0, 0))).astype("f4"),
        np.pad(grid.own, ((0, 0), (room, short), (0, 0))),
        np.tile(np.array(encoder.forward, "f4"), 2),
        grid.codes,
    )


def windows_at(columns: Columns, shape: Shape, rows: Array, origins: Array) -> Windows:
    """Windows of the series ``rows`` that forecast from column ``origins`` of the grid on."""
    xp = namespace(columns.values)
    start = origins[:, None] + shape.seen
    row = rows[:, None]
    back = start + xp.arange(-shape.context, 0)[None]
    ahead = start + xp.arange(shape.horizon)[None]
    values, known = columns.values[row, back], columns.known[row, back]
    level, scale, noise, curved = _normal(columns, shape, values, known, row, back)
    scaled = xp.where(known, (values - level[:, None]) / scale[:, None], 0.0)
    scaled = xp.clip(scaled, -shape.largest, shape.largest).astype("f4")
    lags, lags_known = _lags(columns, shape, row, start)
    lags = xp.where(lags_known, (lags - level[:, None, None]) / scale[:, None, None], 0.0)
    lags = xp.clip(lags, -shape.largest, shape.largest).astype("f4")
    age = xp.log1p(xp.maximum(start[:, 0] - columns.first[rows], 0)) / 10.0
    share = known.mean(axis=1)
    zeros = (known & (values == 0)).mean(axis=1)
    steady = xp.log1p(scale / (abs(level) + TINY * scale))
    static = xp.stack([age, share, zeros, xp.log(noise), xp.log(curved), xp.minimum(steady, 5.0)], axis=1)
    flags = known.astype("f4")[:, :, None]
    context = [scaled[:, :, None], flags, columns.own[row, back], columns.shared[back]]
    future = [columns.own[row, ahead] * columns.ahead, columns.shared[ahead]]
    return Windows(
        context=xp.concatenate(context, axis=2).astype("f4"),
        future=xp.concatenate(future, axis=2).astype("f4"),
        lags=lags,
        lags_known=lags_known,
        static=static.astype("f4"),
        codes=columns.codes[rows],
        level=level,
        scale=scale,
        noise=noise.astype("f4"),
    )


def changes_of(columns: Columns) -> Columns:
    """What each value adds to the one before it, known where both are."""
    xp = namespace(columns.values)
    values, known = columns.values, columns.known
    before = xp.concatenate([values[:, :1], values[:, :-1]], axis=1)
    both = known & xp.concatenate([known[:, :1], known[:, :-1]], axis=1)
    return columns._replace(values=xp.where(both, values - before, 0.0), known=both)


def last_before(columns: Columns, shape: Shape, rows: Integers, origins: Integers) -> Floats:
    """The value (batch,) just before each origin.

    Where it is missing, the latest known one, gone on by the mean change; 0 without one in sight.
    """
    back = origins[:, None] + shape.seen + np.arange(-shape.seen, 0)[None]
    values, known = columns.values[rows[:, None], back], columns.known[rows[:, None], back]
    both = known[:, 1:] & known[:, :-1]
    change = _mean(np.where(both, np.diff(values, axis=1), 0.0), both)
    missing = known[:, ::-1].argmax(axis=1)
    latest = values[np.arange(len(rows)), known.shape[1] - 1 - missing]
    found: Floats = np.where(known.any(axis=1), latest + change * missing, 0.0)
    return found


def outcomes_at(columns: Columns, shape: Shape, rows: Array, origins: Array) -> tuple[Array, Array]:
    """What came (batch, horizon), in the units of the series, and whether it is known."""
    xp = namespace(columns.values)
    ahead = origins[:, None] + shape.seen + xp.arange(shape.horizon)[None]
    return columns.values[rows[:, None], ahead], columns.known[rows[:, None], ahead]


def _normal(
    columns: Columns, shape: Shape, values: Array, known: Array, row: Array, back: Array
) -> tuple[Array, Array, Array, Array]:
    """Level, scale and noise of the context; those of nothing known are 0, 1 and 1."""
    xp = namespace(values)
    recent = known & (xp.arange(shape.context)[None] >= shape.context - shape.recent)
    recent = xp.where(recent.any(axis=1)[:, None], recent, known)
    level = _mean(xp.where(recent, values, 0.0), recent)
    spread = _mean(xp.where(known, abs(values - level[:, None]), 0.0), known)
    size = _mean(xp.where(known, abs(values), 0.0), known)
    scale = xp.maximum(spread, size * (0.5 / xp.maximum(known.sum(axis=1), 1) + 1e-3))
    if shape.units != "level":
        level, scale = 0.0 * level, 0.0 * size if shape.units == "own" else size
    scale = xp.where(scale > 0, scale, 1.0)
    before = back - shape.season
    both = known & columns.known[row, before]
    changes = values - columns.values[row, before]
    change = _mean(xp.where(both, abs(changes), 0.0), both)
    noise = xp.where(both.any(axis=1), change / scale, 1.0)
    three = both[:, shape.season :] & both[:, : -shape.season]
    bends = abs(changes[:, shape.season :] - changes[:, : -shape.season])
    bend = _mean(xp.where(three, bends, 0.0), three)
    curved = xp.where(three.any(axis=1), bend / scale, 1.0)
    return level, scale, xp.clip(noise, 0.05, 3.0), xp.clip(curved, 0.002, 3.0)


def _lags(columns: Columns, shape: Shape, row: Array, start: Array) -> tuple[Array, Array]:
    """Of each season the latest value of the same phase that lies before the origin, and the one before."""
    xp = namespace(columns.values)
    ahead = np.arange(shape.horizon)
    places = []
    for season, count in shape.lags:
        latest = ahead - season * (ahead // season + 1)  # from the origin: before it
        places += [latest - season * number for number in range(count)]
    where = start[:, :, None] + xp.asarray(np.stack(places, axis=1))[None]
    values, known = columns.values[row[:, :, None], where], columns.known[row[:, :, None], where]
    drifts = [_drift(columns, row, start, ahead, over) for over in shape.drifts]
    values = xp.concatenate([values, *(value for value, _ in drifts)], axis=2)
    return values, xp.concatenate([known, *(both for _, both in drifts)], axis=2)


def _drift(columns: Columns, row: Array, start: Array, ahead: Array, over: int) -> tuple[Array, Array]:
    """The last value, and the mean change over the last ``over`` periods for every period ahead."""
    xp = namespace(columns.values)
    last, before = (columns.values[row, start - back] for back in (1, 1 + over))
    both = columns.known[row, start - 1] & columns.known[row, start - 1 - over]
    line = last + (last - before) / over * (ahead[None] + 1)
    return line[:, :, None], xp.broadcast_to(both[:, :, None], (*line.shape, 1))


def _mean(values: Array, known: Array) -> Array:
    xp = namespace(values)
    return values.sum(axis=1) / xp.maximum(known.sum(axis=1), 1)
