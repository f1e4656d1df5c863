"""Aggregates rows to one value for each series and period: sum, avg, first, min or max of the target."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Aggregation", "Entries", "combine", "entries", "in_order", "values_of"]

Aggregation = Literal["sum", "avg", "first", "min", "max"]
Entries = NDArray[np.void]
"""A structured array; one element is one row, or several rows of one series and period.

``series``  its number; ``period`` on the forecast's grid; ``value`` of the target, never missing.
``rows``    (avg only) the number of rows that the value sums.
``moment``  (first only) of the row with the value, in seconds since 1970.
"""

FIELDS = [("series", "<i4"), ("period", "<i8"), ("value", "<f8")]
FURTHER: dict[Aggregation, list[tuple[str, str]]] = {"avg": [("rows", "<i8")], "first": [("moment", "<i8")]}


def entries(
    series: NDArray[np.int64],
    periods: NDArray[np.int64],
    values: NDArray[np.float64],
    seconds: NDArray[np.int64],
    aggregation: Aggregation,
) -> Entries:
    """Rows unchanged, one element each."""
    made = np.empty(len(series), FIELDS + FURTHER.get(aggregation, []))
    made["series"], made["period"], made["value"] = series, periods, values
    if aggregation == "avg":
        made["rows"] = 1
    elif aggregation == "first":
        made["moment"] = seconds
    return made


def combine(given: Entries, aggregation: Aggregation) -> Entries:
    """One element for each series and period, in the order of series, then period.

    ``given`` may contain elements that are already combined: combining blocks and then their results equals
    combining everything at once. Rows must be in the order of the files, which decides between rows of
    the same moment for ``first``, and determines the order of addition.
    """
    if _rising(given):
        return given
    by_moment = aggregation == "first"
    ordered = in_order(given, "moment") if by_moment else in_order(given)
    new = np.ones(len(ordered), bool)
    new[1:] = (np.diff(ordered["series"]) != 0) | (np.diff(ordered["period"]) != 0)
    starts = np.flatnonzero(new)
    combined: Entries = ordered[starts]
    if len(starts) == len(ordered) or aggregation == "first":
        return combined
    with np.errstate(over="ignore"):  # an infinite sum is reported later, with its series
        match aggregation:
            case "sum":
                combined["value"] = np.add.reduceat(ordered["value"], starts)
            case "avg":
                combined["value"] = np.add.reduceat(ordered["value"], starts)
                combined["rows"] = np.add.reduceat(ordered["rows"], starts)
            case "min":
                combined["value"] = np.minimum.reduceat(ordered["value"], starts)
            case "max":
                combined["value"] = np.maximum.reduceat(ordered["value"], starts)
    return combined


def in_order(given: Entries, *further: str) -> Entries:
    """Elements in the order of series, then period, then ``further`` fields; the sort is stable."""
    if not further and _rising(given):
        return given
    by = [given[name] for name in (*further[::-1], "period", "series")]
    ordered: Entries = given[np.lexsort(by)]
    return ordered


def _rising(given: Entries) -> bool:
    """Whether series and periods are strictly ascending, so that none occurs twice."""
    series, period = given["series"], given["period"]
    rising = (series[1:] > series[:-1]) | ((series[1:] == series[:-1]) & (period[1:] > period[:-1]))
    return bool(rising.all())


def values_of(combined: Entries, aggregation: Aggregation) -> NDArray[np.float64]:
    """The value of each series and period."""
    values: NDArray[np.float64] = combined["value"]
    return values / combined["rows"] if aggregation == "avg" else values.copy()
