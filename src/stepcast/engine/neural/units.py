"""In which units a network sees values, and which values a likelihood can have."""

from dataclasses import replace
from typing import Literal

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.errors import BadParameter
from stepcast.engine.panel import Panel
from stepcast.engine.training_parameters import Settings

__all__ = ["Units", "adds_up", "check_values", "prescaled", "units_of"]

Units = Literal["level", "change", "size", "own"]

STRAIGHT = 0.9  # of the way from one value to the next


def units_of(settings: Settings) -> Units:
    """Counts as multiples of their mean, shares as they are, all else around a level or as changes."""
    kinds: dict[object, Units] = {"negative-binomial": "size", "beta": "own"}
    return kinds.get(settings.get("likelihood"), "level")


def adds_up(panel: Panel, back: int, length: int) -> bool:
    """Whether series are like totals, which grow by what is added, rather than measured around a level.

    So are most if the way from one value to the next, over ``length`` periods before the last ``back``, leads
    almost as far as it is long.
    """
    shares = []
    for values in panel.values:
        seen = values[: max(len(values) - back, 0)][-length - 1 :]
        changes = np.diff(seen[np.isfinite(seen)])
        if changes.any():
            shares.append(abs(changes.sum()) / np.abs(changes).sum())
    return bool(shares) and float(np.median(shares)) >= STRAIGHT


def check_values(panel: Panel, settings: Settings) -> None:
    """BadParameter where a series has values that the likelihood gives no probability."""
    likelihood = str(settings.get("likelihood", ""))
    for label, series in zip(panel.ids, panel.values, strict=True):
        values = series[np.isfinite(series)]
        if likelihood == "negative-binomial" and ((values < 0) | (values % 1 != 0)).any():
            worst = values[(values < 0) | (values % 1 != 0)][0]
            why = f"{label} has {worst:g}, which is no count: ask for another likelihood, such as student-T"
            raise BadParameter("likelihood", likelihood, why)
        if likelihood == "beta" and ((values < 0) | (values > 1)).any():
            worst = values[(values < 0) | (values > 1)][0]
            why = f"{label} has {worst:g}, not from 0 to 1: ask for another likelihood, such as student-T"
            raise BadParameter("likelihood", likelihood, why)


def prescaled(panel: Panel, units: Units, back: int) -> tuple[Panel, Integers]:
    """Values below 1, so that single precision is enough for them, and the power of two of each series.

    The power is that of the values before the last ``back``, so nothing later is told. Counts and shares stay
    as they are.
    """
    if units not in ("level", "change"):
        return panel, np.zeros(len(panel), np.int64)
    powers = np.array([_power(values[: max(len(values) - back, 0)]) for values in panel.values], np.int64)
    with np.errstate(over="ignore"):  # what comes later may be as large as it likes
        values = tuple(np.ldexp(one, -power) for one, power in zip(panel.values, powers, strict=True))
    return replace(panel, values=values), powers


def _power(seen: Floats) -> int:
    seen = np.abs(seen[np.isfinite(seen)])
    return int(np.frexp(seen.max())[1]) if len(seen) else 0
