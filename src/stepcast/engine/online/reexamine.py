"""Examining items: the first time, and again later."""

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.auto.series.history import History, history_of
from stepcast.engine.online.examine import empty, examine
from stepcast.engine.online.layout import ADAPTED, HINKLEY, PLAN, RATES
from stepcast.engine.online.rates import NOT_KNOWN
from stepcast.engine.online.state import Common, State, latest

__all__ = ["examine_again", "record_of"]

CARRIED = (slice(ADAPTED, ADAPTED + 6), slice(HINKLEY, HINKLEY + 2))
CARRIED_PLAN = tuple(PLAN.index(name) for name in ("last", "known", "drift", "risen", "fallen", "watched"))


def examine_again(state: State, item: int) -> None:
    """Examine an item again, on the values in its record; what it learned about its errors is kept."""
    plan, row = state.plans[item], state.rows[item]
    values, last = latest(state, item)
    with np.errstate(over="ignore"):
        history = history_of(values, last, state.frequency)
        found = examine(history, state.common, row[RATES : RATES + len(NOT_KNOWN)])
    layout = state.common.layout
    for part in (*CARRIED, slice(layout.together, layout.effect)):
        found.row[part] = row[part]
    for name in CARRIED_PLAN:
        found.plan[name] = plan[name]
    state.put(item, found.plan, found.row)


def record_of(history: History, common: Common) -> tuple[Integers, Floats]:
    """The record of an item from its history, which may be empty."""
    if not len(history):
        plan, row = empty(common.layout)
        plan[PLAN.index("last")] = history.end
        row[RATES : RATES + len(NOT_KNOWN)] = NOT_KNOWN
    else:
        found = examine(history, common, NOT_KNOWN)
        plan, row = found.plan, found.row
    return plan, row
