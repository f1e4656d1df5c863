"""What a model is shown: windows of series in the units that it is to see."""

from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np

from stepcast.engine.arrays import Flags, Floats, Integers
from stepcast.engine.neural.grid import Grid
from stepcast.engine.panel import Panel

__all__ = ["Examples", "Scaling", "Units", "examples_of", "typical_units", "units_of", "widths"]

Values = TypeVar("Values", Floats, Flags)
Scaling = Literal["window", "min_max", "none"]


@dataclass(frozen=True)
class Units:
    """``level`` and ``scale`` (series,): a value is level + scale * what the model sees."""

    level: Floats
    scale: Floats


@dataclass(frozen=True)
class Examples:
    """``context`` (batch, context, features), ``future`` (batch, horizon, features) or None.

    ``outcome``  (batch, horizon) as the model should forecast it; nan where it is unknown.
    ``units``    of each window.
    """

    context: Floats
    future: Floats | None
    outcome: Floats
    units: Units

    def __len__(self) -> int:
        return len(self.context)


def widths(grid: Grid) -> tuple[int, int]:
    """Numbers of a period with all features: of the context, and of the horizon."""
    more = grid.own.shape[2] + grid.shared.shape[1]
    return 2 + more, more


def units_of(panel: Panel, scaling: Scaling, before: int) -> Units:
    """Of each series, from its values before the last ``before``; 0 and 1 where windows have their own."""
    pasts = [_finite(values[: max(len(values) - before, 0)]) for values in panel.values]
    if scaling != "min_max":
        return Units(np.zeros(len(pasts)), np.ones(len(pasts)))
    level = np.array([past.min() if len(past) else np.nan for past in pasts])
    scale = np.array([np.ptp(past) if len(past) else np.nan for past in pasts])
    return Units(level, np.where(scale == 0, 1.0, scale))


def typical_units(panel: Panel, scaling: Scaling) -> tuple[float, float]:
    """Level and scale of an item without a past: medians over the others."""
    pasts = [past for values in panel.values if len(past := _finite(values))]
    if not pasts:
        return 0.0, 1.0
    if scaling == "min_max":
        levels, scales = [past.min() for past in pasts], [np.ptp(past) for past in pasts]
    else:
        levels = [past.mean() for past in pasts]
        scales = [np.abs(past - past.mean()).mean() for past in pasts]
    return float(np.median(levels)), float(np.median(scales)) or 1.0


def examples_of(
    grid: Grid,
    rows: Integers,
    origins: Integers,
    units: Units,
    scaling: Scaling,
    size: tuple[int, int],
    features: int,
    forward: tuple[bool, ...] | None = None,
) -> Examples:
    """Windows of the series ``rows`` that forecast from column ``origins`` on.

    ``size``  periods of the context and of the horizon. ``features``: 1 is the value, 2 also whether it is
    known, more also covariates. ``forward`` says which of the related features are known of the horizon, too,
    and is None for a model that is shown nothing of it. A missing value is the mean of the known ones of its
    window.
    """
    context, horizon = size
    back = origins[:, None] + np.arange(-context, 0)
    values, known = _at(grid.values, rows, back), _at(grid.known, rows, back)
    count = np.maximum(known.sum(axis=1), 1)
    mean = np.where(known, values, 0.0).sum(axis=1) / count
    level, scale = units.level[rows], units.scale[rows]
    if scaling == "window":
        level = mean
        spread = np.where(known, np.abs(values - mean[:, None]), 0.0).sum(axis=1) / count
        least = 1e-3 * np.abs(mean)  # of a context that hardly changes
        scale = np.maximum(spread, least)
        scale = np.where(scale > 0, scale, 1.0)
    seen = np.where(known, values, mean[:, None])
    seen = np.where(known.any(axis=1, keepdims=True), (seen - level[:, None]) / scale[:, None], 0.0)
    columns = [seen[..., None]]
    if features > 1:
        columns.append(known[..., None])
    if features > 2:
        columns += [_at(grid.own, rows, back), _shared(grid, back)]
    after = origins[:, None] + np.arange(horizon)
    outcome = np.where(_at(grid.known, rows, after), _at(grid.values, rows, after), np.nan)
    given = None
    if forward is not None:
        own = _at(grid.own, rows, after) * np.tile(np.array(forward, "f4"), 2)
        given = np.concatenate([own, _shared(grid, after)], axis=2)
    return Examples(
        np.concatenate(columns, axis=2).astype("f4"),
        None if given is None else given.astype("f4"),
        (outcome - level[:, None]) / scale[:, None],
        Units(level, scale),
    )


def _at(array: Values, rows: Integers, columns: Integers) -> Values:
    """``array`` at the columns of each row; 0 and unknown where there is no such column."""
    inside = (columns >= 0) & (columns < array.shape[1])
    found: Values = array[rows[:, None], np.clip(columns, 0, max(array.shape[1] - 1, 0))]
    found[~inside] = 0
    return found


def _shared(grid: Grid, columns: Integers) -> Floats:
    """What all series share, at the columns of each row."""
    found: Floats = grid.shared[np.clip(columns, 0, len(grid.shared) - 1)]
    found[(columns < 0) | (columns >= len(grid.shared))] = 0
    return found


def _finite(values: Floats) -> Floats:
    return values[np.isfinite(values)]
