"""Carry on with a newly trained predictor: what came since it was trained is told to its state."""

import numpy as np

from stepcast.engine.online.add import add
from stepcast.engine.online.layout import PLAN
from stepcast.engine.online.state import State, latest
from stepcast.engine.online.update import update

__all__ = ["take_over"]

LAST = PLAN.index("last")


def take_over(state: State, fresh: State) -> State:
    """Bring ``fresh``, just started from a newer predictor, to where ``state`` is, and give it back.

    What the records of ``state`` still hold of the time after the end of what ``fresh`` was started from is
    told to it, item by item; periods before that are a gap. Items that ``fresh`` does not have are added with
    those values. Drift detectors begin anew. Raises ValueError where the frequencies differ.
    """
    if state.frequency != fresh.frequency:
        raise ValueError(
            f"the state is of {state.frequency}, the new one of {fresh.frequency}: start from the panel again"
        )
    for item, name in enumerate(state.ids):
        values, period = latest(state, item)
        if name not in fresh.places:
            add(fresh, [name], [values], period) if len(values) else add(fresh, [name])
            continue
        place = fresh.places[name]
        since = int(fresh.plans[place, LAST])
        told = period - np.arange(len(values))[::-1]
        kept = told > since
        update(fresh, np.full(int(kept.sum()), place), told[kept], values[kept])
        gap_end = int(state.plans[item, LAST])
        if gap_end > max(period, since):
            update(fresh, np.array([place]), np.array([gap_end]), np.array([np.nan]))
    return fresh
