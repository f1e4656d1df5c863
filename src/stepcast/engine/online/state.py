"""The state between observations: a record for each item, and the part that all items share."""

from dataclasses import dataclass, field

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.auto.shared import Shared
from stepcast.engine.frequency import Frequency
from stepcast.engine.online.layout import NOTHING, PLAN, Layout
from stepcast.engine.online.members import Model
from stepcast.engine.task import Task

__all__ = ["Common", "State", "latest", "widened"]

LENGTH, LAST, GAP = PLAN.index("length"), PLAN.index("last"), PLAN.index("gap")
EXPONENT = PLAN.index("exponent")


@dataclass(frozen=True)
class Common:
    """The part that observations do not change: the predictor, and what is derived from it.

    ``shared``       what the AutoPredictor learned from many series.
    ``leads``        (THIRDS, 3) as in layout; ``model``: the members' part for compiled loops.
    ``trees``        whether trees may be used.
    ``fingerprint``  of the predictor and the task; a record belongs to one.
    """

    task: Task
    frequency: Frequency
    shared: Shared
    layout: Layout
    leads: Integers
    model: Model
    trees: bool
    fingerprint: bytes


@dataclass
class State:
    """All items: ``plans`` (items, integers) and ``rows`` (items, floats), as in layout.

    Changed in place, by one thread at a time. The record of an item depends only on its own observations in
    their order, on ``common``, and on what ``learn_together`` put into it.
    ``typical`` (PROBABILITIES,): quantiles of the items' levels, to forecast an item without values.
    """

    common: Common
    ids: list[str]
    plans: Integers
    rows: Floats
    typical: Floats
    places: dict[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def frequency(self) -> Frequency:
        return self.common.frequency

    @property
    def task(self) -> Task:
        return self.common.task

    @property
    def stride(self) -> int:
        """How many values lie between two forecasts that are scored: a sixth of the horizon, at least one."""
        return int(self.common.leads[0, 1])

    def find(self, ids: list[str]) -> Integers:
        """The indexes of items (ids,), -1 for unknown names."""
        return np.array([self.places.get(one, -1) for one in ids], dtype=np.int64)

    def grow(self, ids: list[str], plans: Integers, rows: Floats) -> Integers:
        """Append new items; returns their indexes (ids,)."""
        first = len(self.ids)
        wide = max(self.rows.shape[1], rows.shape[1])
        self.rows = np.concatenate([widened(self.rows, wide), widened(rows, wide)])
        self.plans = np.concatenate([self.plans, plans])
        self.ids += ids
        self.places.update({one: first + place for place, one in enumerate(ids)})
        return np.arange(first, first + len(ids))

    def put(self, item: int, plan: Integers, row: Floats) -> None:
        """Replace the record of an item."""
        if len(row) > self.rows.shape[1]:
            self.rows = widened(self.rows, len(row))
        self.plans[item], self.rows[item] = plan, 0.0
        self.rows[item, : len(row)] = row


def widened(rows: Floats, width: int) -> Floats:
    """``rows``, padded with zeros to ``width``."""
    if rows.shape[1] >= width:
        return rows
    result = np.zeros((len(rows), width))
    result[:, : rows.shape[1]] = rows
    return result


def latest(state: State, item: int) -> tuple[Floats, int]:
    """The values in the record of ``item``, oldest first, and the period of the last one."""
    plan, row, layout = state.plans[item], state.rows[item], state.common.layout
    length = int(plan[LENGTH])
    inside = np.arange(max(0, length - layout.ring), length)
    with np.errstate(over="ignore"):
        values = np.ldexp(row[layout.rings + inside % layout.ring], int(plan[EXPONENT]))
    last = int(plan[LAST])
    return values, last if last == NOTHING else last - int(plan[GAP])
