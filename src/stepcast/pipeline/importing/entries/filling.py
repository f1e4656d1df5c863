"""Series on the forecast's grid, all ending at the same period, with gaps filled as set in params.json."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stepcast.engine.arrays import Floats, Integers
from stepcast.pipeline.params import Filling

__all__ = ["Grid", "fill"]

WINDOW = 64  # observations before a gap that mean, median, min and max use
HOLES_AT_ONCE = 8_192  # bounds the memory for windows to 4 MiB


STATISTICS: dict[str, Callable[..., Floats]] = {
    "mean": np.nanmean,
    "median": np.nanmedian,
    "min": np.nanmin,
    "max": np.nanmax,
}


@dataclass(frozen=True)
class Grid:
    """Several series one after another.

    ``values``    nan if missing; ``observed`` is False if missing or filled.
    ``offsets``   series k is ``values[offsets[k]:offsets[k + 1]]``.
    """

    values: Floats
    observed: NDArray[np.bool_]
    offsets: Integers


def fill(series: Integers, periods: Integers, values: Floats, end: int, filling: Filling) -> Grid:
    """Put observations on the grid and fill the gaps between and after them.

    ``series``   numbers 0, 1, 2..., ascending, each at least once; ``periods`` ascending within each.
    ``end``      the last period of the data set, where every series ends.

    A series begins with its first observation (frontfill is always none). ``middlefill`` fills the gaps
    between its observations, ``backfill`` those from its last observation to ``end``. Mean, median, min
    and max are those of the 64 most recent observations before the gap, excluding filled values, so that
    filled values never depend on other filled values. They are constant within a gap.

    Source: Amazon Forecast Developer Guide, "Handling Missing Values".

    >>> filling = Filling(middlefill="mean", backfill="zero")
    >>> fill(np.array([0, 0, 0]), np.array([5, 6, 9]), np.array([1.0, 3.0, 7.0]), 10, filling).values
    array([1., 3., 2., 2., 7., 0.])
    """
    is_last = np.append(series[1:] != series[:-1], True)
    first = np.flatnonzero(np.append(True, is_last[:-1]))
    offsets = np.concatenate([[0], np.cumsum(end - periods[first] + 1)])
    places = offsets[series] + periods - periods[first][series]
    filled, observed = np.full(offsets[-1], np.nan), np.zeros(offsets[-1], bool)
    filled[places], observed[places] = values, True
    # Every unobserved period belongs to the gap after the previous observation.
    holes = np.where(is_last, offsets[1:][series], np.append(places[1:], 0)) - places - 1
    made_up = np.full(len(values), np.nan)
    for method, value, kind in (
        (filling.middlefill, filling.middlefill_value, ~is_last),
        (filling.backfill, filling.backfill_value, is_last),
    ):
        before = np.flatnonzero(kind & (holes > 0))
        made_up[before] = _fill_values(method, value, before, first[series[before]], values)
    filled[~observed] = np.repeat(made_up, holes)
    return Grid(filled, observed, offsets)


def _fill_values(
    method: str, value: float | None, before: Integers, first: Integers, values: Floats
) -> Floats:
    """The filling of the gap after each observation in ``before``; ``first`` is the start of its series."""
    if method in STATISTICS:
        parts = [slice(at, at + HOLES_AT_ONCE) for at in range(0, len(before), HOLES_AT_ONCE)]
        return np.concatenate(
            [_recent(method, before[part], first[part], values) for part in parts] or [np.empty(0)]
        )
    constant = {"zero": 0.0, "nan": np.nan, "value": np.nan if value is None else value}[method]
    return np.full(len(before), constant)


def _recent(method: str, before: Integers, first: Integers, values: Floats) -> Floats:
    window = before[:, None] - np.arange(WINDOW)
    recent = np.where(window >= first[:, None], values[np.maximum(window, 0)], np.nan)
    with np.errstate(over="ignore"):  # an infinite mean is reported later, with its series
        return STATISTICS[method](recent, axis=1)
