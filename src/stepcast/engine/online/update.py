"""Update a state with observations, and compare these with its forecasts."""

from dataclasses import dataclass

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.online.observing import LATE, WAITING, observe
from stepcast.engine.online.reexamine import examine_again
from stepcast.engine.online.state import State

__all__ = ["Outcome", "update"]


@dataclass(frozen=True)
class Outcome:
    """How observations compare with the forecasts made for them; all arrays (observations, ...).

    ``error``     standardized: median 0 and standard deviation about 1 if the quantiles are right; nan
                  without a forecast or an observation.
    ``pit``       the probability of less than the value, by the forecast.
    ``forecast``  (observations, 3) the quantiles .1, .5 and .9 that were forecast.
    ``drift``     the period since which the item's errors are one-sided; -1 if they are not.
    ``late``      whether the item was updated with this or a later period before: then nothing changed.
    """

    error: Floats
    pit: Floats
    forecast: Floats
    drift: Integers
    late: np.ndarray[tuple[int], np.dtype[np.bool_]]


def update(
    state: State, items: Integers, periods: Integers, values: Floats, *, learn: bool = True
) -> Outcome:
    """Update the state in place with observations: ``items`` (indexes), ``periods`` and ``values``, all
    (observations,).

    The periods of an item must increase; an observation that violates this is ``late`` and changes nothing.
    Periods that are left out, and values that are nan or infinite, are missing: they are interpolated
    linearly once the next value arrives, as in a panel; until then, forecasts reach further ahead. The same
    observations of an item in the same order give the same state bit for bit, however they are batched.

    With ``learn=False``, weights, widths and the choice of members stay fixed; only states of members change.
    """
    # A column of a table, whose values lie apart, would have the kernel compiled again for itself.
    items, periods = np.asarray(items, np.int64, order="C"), np.asarray(periods, np.int64, order="C")
    values = np.asarray(values, np.float64, order="C")
    if not items.shape == periods.shape == values.shape or items.ndim != 1:
        raise ValueError(
            f"items, periods and values have the shapes {items.shape}, {periods.shape} and {values.shape}: "
            "give one of each for every observation"
        )
    if len(items) and not (items.min() >= 0 and items.max() < len(state)):
        raise IndexError(
            f"items go from {items.min()} to {items.max()}, but the state has {len(state)}: add new ones"
        )
    count, common = len(items), state.common
    status = np.full(count, WAITING, np.int64)
    errors, pits, forecasts = np.full(count, np.nan), np.full(count, np.nan), np.full((count, 3), np.nan)
    drift, due = np.full(count, -1, np.int64), np.zeros(len(state), bool)
    while True:
        with np.errstate(all="ignore"):
            observe(
                state.plans,
                state.rows,
                common.layout,
                common.leads,
                common.model,
                learn,
                items,
                periods,
                values,
                status,
                errors,
                pits,
                forecasts,
                drift,
                due,
            )
        if not due.any():
            break
        for item in np.flatnonzero(due).tolist():
            examine_again(state, item)
        due[:] = False
    return Outcome(errors, pits, forecasts, drift, status == LATE)
