"""Compile the kernels of updates ahead of time, as `engine.auto.warm` does those of training."""

import numpy as np

from stepcast.engine.auto.shared import fit_shared
from stepcast.engine.frequency import Frequency
from stepcast.engine.online.correction import accumulate, measure, put, solve
from stepcast.engine.online.examine import long_mean
from stepcast.engine.online.forecast import forecast
from stepcast.engine.online.start import start
from stepcast.engine.online.update import update
from stepcast.engine.panel import Panel
from stepcast.engine.task import Task

__all__ = ["warm_up"]


def warm_up() -> None:
    """Update something small, so that every kernel is compiled and kept on disk next to its source."""
    hours = np.arange(240.0)
    values = tuple(10 + size * np.sin(hours / 24 * 2 * np.pi) + hours % 5 for size in range(3))
    seen = tuple(np.isfinite(one) for one in values)
    panel = Panel(("a", "b", "c"), values, seen, 480_000, Frequency.parse("H"))
    task = Task(horizon=6)
    state = start(panel, task, fit_shared(panel, task))
    update(state, np.arange(3), np.full(3, 480_001), np.ones(3))
    forecast(state, np.arange(3))
    long_mean(values[0], np.array([100.0, 0.0, 0.0]))  # hours have no mean of years
    # too few series to grow trees, which would need LightGBM: what corrects them is called by itself
    of_none = (state.plans, state.rows, state.common.layout, np.empty(0, np.int64))
    count = state.common.layout.facts + 1
    products, sums, counts, sizes = np.eye(2 * count), np.zeros(2 * count), np.zeros(3), np.ones(count)
    measure(*of_none, sizes, np.zeros(2))
    accumulate(*of_none, np.zeros(2 * count), 1.0, sizes, products, sums, counts)
    solve(products, sums)
    put(*of_none, np.append(sums, 0.0))
