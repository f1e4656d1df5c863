"""New items: they start from what the predictor learned from other items, without retraining."""

from collections.abc import Sequence

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.auto.series.history import history_of
from stepcast.engine.online.layout import NOTHING, PLAN
from stepcast.engine.online.reexamine import record_of
from stepcast.engine.online.state import State, widened

__all__ = ["add"]


def add(state: State, ids: Sequence[str], values: Sequence[Floats] = (), last: int | None = None) -> Integers:
    """Add items that the state does not have; returns their indexes (ids,).

    ``values``: one history for each, oldest first, up to the period ``last``. Without values, the forecast is
    that of a typical item until the first value arrives. Members, weights and errors of an item with few
    values are mostly those of the other items: it is examined again each time its length has grown by half,
    until its record is full.
    """
    ids = list(ids)
    known = [one for one in ids if one in state.places]
    if known or len(set(ids)) < len(ids):
        raise ValueError(f"{(known or ids)[0]!r} is there already: add each item once")
    if values and (len(values) != len(ids) or last is None):
        raise ValueError(
            f"{len(values)} histories of {len(ids)} items up to period {last}: give one for each, and the "
            "period of their last value"
        )
    records = []
    for place in range(len(ids)):
        own = np.asarray(values[place], np.float64) if values else np.empty(0)
        with np.errstate(over="ignore"):
            plan, row = record_of(history_of(own, last or 0, state.frequency), state.common)
        if last is None:
            plan[PLAN.index("last")] = NOTHING
        records.append((plan, row))
    wide = max([len(row) for _, row in records], default=0)
    return state.grow(
        ids,
        np.stack([plan for plan, _ in records]) if records else state.plans[:0],
        np.stack([widened(row[None], wide)[0] for _, row in records]) if records else state.rows[:0],
    )
