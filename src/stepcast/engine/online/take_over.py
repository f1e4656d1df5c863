"""Continue with a newer predictor, updated with the values since its training."""

import numpy as np

from stepcast.engine.online.add import add
from stepcast.engine.online.layout import PLAN
from stepcast.engine.online.state import State, latest
from stepcast.engine.online.update import update

__all__ = ["take_over"]

LAST = PLAN.index("last")


def take_over(state: State, fresh: State) -> State:
    """Update ``fresh``, just started from a newer predictor, to where ``state`` is, and return it.

    Each item is updated with the values in its record of ``state`` that follow the end of its history in
    ``fresh``; earlier periods that the record no longer has are a gap. Items that ``fresh`` does not have are
    added with these values. Drift detectors are reset. Raises ValueError if the frequencies differ.
    """
    if state.frequency != fresh.frequency:
        raise ValueError(
            f"the state has the frequency {state.frequency}, the new one {fresh.frequency}: start from the "
            "panel again"
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
