"""Tell a state of observations, and hear what they say about its forecasts."""

from dataclasses import dataclass

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.online.observing import LATE, WAITING, observe
from stepcast.engine.online.reexamine import examine_again
from stepcast.engine.online.state import State

__all__ = ["Outcome", "update"]


@dataclass(frozen=True)
class Outcome:
    """What observations say about the forecasts made for them; all arrays (observations, ...).

    ``error``     standardized: of standard deviation about one and median zero where quantiles are right; nan
                  where nothing was forecast or observed.
    ``pit``       the probability that the forecast gave to less than what came.
    ``forecast``  (observations, 3) the quantiles .1, .5 and .9 that were forecast.
    ``drift``     the period since which errors of the item are one-sided; -1 while they are not.
    ``late``      whether the item was told of this or a later period before: then nothing was changed.
    """

    error: Floats
    pit: Floats
    forecast: Floats
    drift: Integers
    late: np.ndarray[tuple[int], np.dtype[np.bool_]]


def update(
    state: State, items: Integers, periods: Integers, values: Floats, *, learn: bool = True
) -> Outcome:
    """Take observations in place: of ``items`` (places in the state), their ``periods`` and ``values``, all
    (observations,).

    The periods of an item rise; one that does not is ``late`` and changes nothing. Periods that are left
    out, and values that are nan or infinite, are missing: once the next value comes they are filled along a
    straight line, as in a panel; until then forecasts reach further ahead. The same observations of an item
    in the same order give the same state bit for bit, however they were batched.

    With ``learn`` off weights, widths and members stay as they are, only states of members move on.
    """
    items, periods = np.asarray(items, np.int64), np.asarray(periods, np.int64)
    values = np.asarray(values, np.float64)
    if not items.shape == periods.shape == values.shape or items.ndim != 1:
        raise ValueError(
            f"items, periods and values are of shapes {items.shape}, {periods.shape} and {values.shape}: "
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
