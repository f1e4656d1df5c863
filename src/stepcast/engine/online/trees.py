"""Trees over the latest values of items: the same that the AutoPredictor grew, asked again at every forecast."""

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.auto.compiled import compiled
from stepcast.engine.auto.ensemble.calibration import TREES
from stepcast.engine.auto.ensemble.weights import buckets_of
from stepcast.engine.auto.series.quantile_grid import MEDIAN
from stepcast.engine.auto.sources.trees import RECENT, can_grow, value_features
from stepcast.engine.bounds import QUANTILE_RANGES
from stepcast.engine.online.layout import PLAN
from stepcast.engine.online.members import HIGHEST, LOWEST, bounds
from stepcast.engine.online.state import Common, State

__all__ = ["blended", "has_trees"]

LENGTH = PLAN.index("length")


def has_trees(common: Common) -> bool:
    """Whether trees count, and everything they look at is in the records: no related series, no holidays."""
    final, encoder = common.shared.final, common.shared.encoder
    if final.trees is None or encoder.features or encoder.countries:
        return False
    return final.calibration.share(TREES) > 0 and can_grow()


def blended(state: State, items: Integers, table: Floats) -> Floats:
    """Quantiles of the members (items, horizon, PROBABILITIES) with those of trees, and as wide as both need be."""
    common, layout = state.common, state.common.layout
    trees, share = common.shared.final.trees, common.shared.final.calibration.share(TREES)
    assert trees is not None  # noqa: S101  # the caller looked
    short, long, horizon = trees.seasons.short, trees.seasons.long, layout.horizon
    columns = 1 + (3 if short > 1 else 0) + (2 if long > 1 else 0) + RECENT + 7 + (3 if short > 1 else 0)
    codes = layout.logs - layout.codes
    facts = np.empty((len(items), horizon, columns + codes))
    middles, scales = np.empty(len(items)), np.empty(len(items))
    _features(state.plans, state.rows, layout, items, short, long, facts[..., :columns], middles, scales)
    if codes:
        facts[..., columns:] = state.rows[items, layout.codes : layout.logs][:, None]
    mixed = table + share * (trees.of_features(facts, middles, scales) - table)
    middle = mixed[..., MEDIAN : MEDIAN + 1]
    wide = np.sort(middle + (mixed - middle) * common.factors[buckets_of(horizon)], axis=-1)
    _within(state.plans, state.rows, layout, items, wide)
    return wide


@compiled
def _features(plans, rows, lay, items, short, long, out, middles, scales):  # type: ignore[no-untyped-def]
    """What trees look at, from the values that the records hold."""
    steps = np.arange(lay.horizon).reshape(1, lay.horizon)
    age = out.shape[2] - 3 * (short > 1) - 3  # the column of the length: the records hold only the end of it
    for place in range(len(items)):
        data, length = rows[items[place]], plans[items[place], LENGTH]
        count = min(length, lay.ring)
        values = np.empty(count)
        for back in range(count):
            values[back] = data[lay.rings + (length - count + back) % lay.ring]
        table, middle, scale = value_features(values, np.array([count]), steps, short, long)
        out[place] = table[0]
        out[place, :, age] = np.log1p(float(length))
        middles[place], scales[place] = middle[0], scale[0]


@compiled
def _within(plans, rows, lay, items, table):  # type: ignore[no-untyped-def]
    """Clip quantiles to what is sane for their items."""
    for place in range(len(items)):
        data, length = rows[items[place]], plans[items[place], LENGTH]
        low, high = bounds(data[LOWEST], data[HIGHEST], length, lay.horizon, QUANTILE_RANGES)
        for step in range(table.shape[1]):
            for p in range(table.shape[2]):
                table[place, step, p] = min(max(table[place, step, p], low), high)
