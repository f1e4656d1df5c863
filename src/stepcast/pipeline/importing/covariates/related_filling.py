"""Fills gaps of a related feature as set in params.json, never by default."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.pipeline.importing.entries.filling import Grid, fill
from stepcast.pipeline.params import Filling, RelatedFilling

__all__ = ["Feature", "fill_feature"]


@dataclass(frozen=True)
class Feature:
    """One feature of one series: ``values`` from period ``first`` on; nan is missing."""

    first: int
    values: Floats


def fill_feature(
    series: Integers,
    periods: Integers,
    values: Floats,
    end: int,
    stop: int,
    filling: RelatedFilling,
    count: int,
) -> Sequence[Feature | None]:
    """Put one feature of ``count`` series on the grid, up to period ``stop``; None if a series has no value.

    ``series``  numbers from 0, ascending; ``periods`` ascending within each; ``values`` nan if missing.

    ``middlefill`` fills gaps between a series' values, ``backfill`` those from its last value to ``end``,
    where the target ends, ``futurefill`` those after that. Mean, median, min and max are those of the 64
    values before the gap. Without a method, a gap remains.

    Source: Amazon Forecast Developer Guide, "Handling Missing Values".
    """
    known = np.isfinite(values) & (periods <= stop)
    present, number = np.unique(series[known], return_inverse=True)
    found: list[Feature | None] = [None] * count
    if not len(present):
        return found
    data = number.astype(np.int64), periods[known], values[known]
    past = _filled(data, stop, filling, filling.backfill, filling.backfill_value)
    future = _filled(data, stop, filling, filling.futurefill, filling.futurefill_value)
    first = data[1][np.flatnonzero(np.append(True, data[0][1:] != data[0][:-1]))]
    for place, own in enumerate(present.tolist()):
        part = slice(int(past.offsets[place]), int(past.offsets[place + 1]))
        begin = int(first[place])
        cut = max(end - begin + 1, 0)
        found[own] = Feature(begin, np.append(past.values[part][:cut], future.values[part][cut:]))
    return found


def _filled(
    data: tuple[Integers, Integers, Floats],
    stop: int,
    filling: RelatedFilling,
    after: str | None,
    after_value: float | None,
) -> Grid:
    """The grid up to ``stop``, with ``after`` in the periods after each series' last value."""
    methods = {
        "middlefill": filling.middlefill or "nan",
        "middlefill_value": filling.middlefill_value,
        "backfill": after or "nan",
        "backfill_value": after_value,
    }
    return fill(*data, stop, Filling.model_validate(methods))
