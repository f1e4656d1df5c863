"""Deseasonalized series, so that drift tests do not react to an ordinary Monday."""

from dataclasses import dataclass

import numpy as np

from stepcast.engine.arrays import Floats
from stepcast.engine.drift.windows import medians, quantiles

__all__ = ["Season", "flattened", "season_of", "unit_of", "without_season", "without_year"]

FEWEST_CYCLES = 4  # whole cycles of the trained past needed to estimate a season
LOW = 0.05  # share of the values below a low one
MOST_CYCLES = 60  # only the latest are used: seasons change slowly


@dataclass(frozen=True)
class Season:
    """``shape`` (items, length): how each phase differs from the level. Phase 0 is the first new period.

    ``cycles``      (items, cycles, length) values minus the level of their cycle; the latest cycle is last.
    ``cycles_new``  the same for the new periods, whole cycles only.
    """

    shape: Floats
    cycles: Floats
    cycles_new: Floats


def flattened(values: Floats, new: int) -> Floats:
    """``values`` (items, time) on a scale where changes in proportion to the level have the same size.

    The inverse hyperbolic sine: linear near zero, logarithmic far from it, defined for zeros and negative
    values. ``unit_of`` defines where it turns logarithmic.

    Source: Burbidge, Magee and Robb (1988), Alternative Transformations to Handle Extreme Values.
    """
    return np.arcsinh(values / unit_of(values, new)[:, None])


def unit_of(values: Floats, new: int) -> Floats:
    """The unit (items,) in which ``flattened`` measures the values of each item.

    If all trained values are positive, half of a low one, so that a season in proportion to a growing level
    keeps its size; otherwise the median size of the nonzero ones.
    """
    trained = values[:, : values.shape[1] - new]
    size = np.abs(np.where(trained != 0, trained, np.nan))
    positive = ~(trained <= 0).any(axis=1)
    unit = np.where(positive, quantiles(size, LOW) / 2, medians(size))
    return np.where(np.isfinite(unit), unit, 1.0)


def season_of(series: Floats, new: int, length: int) -> Season:
    """The season of the trained part of ``series`` (items, time), and the cycles that it is estimated from.

    Source: classical decomposition, with the level of each whole cycle in place of a moving average.
    """
    time = series.shape[1]
    reference = time - new
    count = min(reference // length, MOST_CYCLES) if length > 1 else 0
    whole = new // length if length > 1 else 0
    cycles = _cycles(series[:, reference - count * length : reference], count, max(length, 1))
    cycles_new = _cycles(series[:, reference : reference + whole * length], whole, max(length, 1))
    known = np.isfinite(cycles).sum(axis=1)
    shape = np.nansum(cycles, axis=1) / np.maximum(known, 1)
    return Season(np.where(known >= FEWEST_CYCLES, shape, 0.0), cycles, cycles_new)


def without_season(series: Floats, new: int, lengths: tuple[int, ...]) -> Floats:
    """``series`` minus the seasons of ``lengths``, shortest first, as estimated from the trained part."""
    for length in lengths:
        if length < 2:
            continue
        shape = season_of(series, new, length).shape
        phases = (np.arange(series.shape[1]) - (series.shape[1] - new)) % length
        series = series - shape[:, phases]
    return series


def without_year(series: Floats, new: int, year: int) -> Floats:
    """``series`` minus the mean of the trained values one or more whole years before and after each value."""
    time = series.shape[1]
    trained = series[:, : time - new]
    total, count = np.zeros(series.shape), np.zeros(series.shape)
    for away in range(year, time, year):
        for there, here in (
            (trained[:, : time - away], slice(away, away + min(time - away, time - new))),
            (trained[:, away:], slice(0, max(time - new - away, 0))),
        ):
            known = np.isfinite(there)
            total[:, here] += np.where(known, there, 0.0)
            count[:, here] += known
    with np.errstate(all="ignore"):
        apart: Floats = np.where(count > 0, series - total / count, np.nan)
    return apart


def _cycles(series: Floats, count: int, length: int) -> Floats:
    """(items, count, length) minus the mean of each cycle; nan if less than half of a cycle was observed."""
    cycles = series.reshape(len(series), count, length)
    known = np.isfinite(cycles).sum(axis=2, keepdims=True)
    level = np.nansum(cycles, axis=2, keepdims=True) / np.maximum(known, 1)
    return np.where(known >= length / 2, cycles - level, np.nan)
