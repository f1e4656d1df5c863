"""Forecasts from a state."""

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.auto.series.quantile_grid import PROBABILITIES, at_probabilities, with_mean
from stepcast.engine.online.layout import PLAN
from stepcast.engine.online.observing import forecast_items
from stepcast.engine.online.quantiles import COUNTS
from stepcast.engine.online.state import State

__all__ = ["forecast", "tables"]

COUNT, EXPONENT, KIND = PLAN.index("count"), PLAN.index("exponent"), PLAN.index("kind")


def forecast(state: State, items: Integers | None = None) -> Floats:
    """Forecasts (items, horizon, outputs) of the periods after the last one of each item.

    All values are finite and within the task's bounds, and quantiles do not cross. By default, all items are
    forecast.
    """
    items = np.arange(len(state)) if items is None else np.asarray(items, np.int64)
    table, bounds = tables(state, items), state.task.bounds
    if bounds:  # numbers: a state has no metadata
        table = np.clip(table, bounds.minimum, bounds.maximum)
    return _outputs(table, state.task.outputs)


def tables(state: State, items: Integers) -> Floats:
    """Quantiles (items, horizon, PROBABILITIES) in the units of the items."""
    common = state.common
    table = np.empty((len(items), common.task.horizon, len(PROBABILITIES)))
    forecast_items(state.plans, state.rows, common.layout, common.model, items, table)
    with np.errstate(over="ignore", under="ignore"):
        np.ldexp(table, state.plans[items, EXPONENT][:, None, None], out=table)
    limit = np.finfo(np.float64).max
    np.clip(table, -limit, limit, out=table)
    table[state.plans[items, COUNT] == 0] = state.typical
    counts = state.plans[items, KIND] == COUNTS
    table[counts] = np.rint(table[counts])
    return table


def _outputs(table: Floats, outputs: tuple[object, ...]) -> Floats:
    quantiles = np.array([output for output in outputs if output != "mean"], dtype=np.float64)
    result = at_probabilities(table, quantiles)
    if outputs[-1:] == ("mean",):
        result = np.concatenate([result, with_mean(table)[..., -1:]], axis=-1)
    return result
