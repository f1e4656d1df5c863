"""The quantiles of one item at one step, compiled."""

import numpy as np

from stepcast.engine.auto.compiled import compiled
from stepcast.engine.auto.series.quantile_grid import MEDIAN, PROBABILITIES
from stepcast.engine.auto.sources.trees import NORMAL
from stepcast.engine.bounds import QUANTILE_RANGES
from stepcast.engine.online.layout import ADAPTED, ERRORS, EXPECTED, LATELY, PLAN
from stepcast.engine.online.members import HIGHEST, LOWEST, bounds
from stepcast.engine.online.thirds import THIRDS, third_of

__all__ = ["ALARMING", "AROUND", "COUNTS", "LOGS_SHARE", "spread"]

KIND, LENGTH = PLAN.index("kind"), PLAN.index("length")
AROUND, COUNTS = 0, 1  # quantiles are offsets from the centre, or multiples of it
LOGS_SHARE = 3  # of an item's floats: the share of logarithmic errors in the quantiles
# Recent errors are used at once if they exceed the usual errors by this factor.
ALARMING = 1.5
NARROWEST = 0.2  # the least ratio of present to expected errors: less is chance
SIZE = len(PROBABILITIES)
REACH = np.abs(NORMAL / NORMAL[-4])  # of the quantiles beyond those the trees are grown for, as in trees


@compiled
def spread(plan, data, lay, factors, step, centre, share, trees, out):  # type: ignore[no-untyped-def]
    """Sorted quantiles (PROBABILITIES,) around ``centre`` at ``step`` (0: the next), into ``out``.

    ``share`` is how much the quantiles ``trees`` (columns,) count, ``factors`` are the calibration's. Beyond
    the horizon, errors grow with the square root of time.
    """
    horizon = lay.horizon
    near = min(step, horizon - 1)
    bucket = third_of(near, horizon)
    growing = 1.0 if step < horizon else np.sqrt((step + 1) / horizon)
    now = growing
    if data[EXPECTED + bucket] > 0:
        errors, lately = data[ERRORS + bucket], data[LATELY + bucket]
        errors = lately if lately > ALARMING * errors else errors
        now *= max(errors / data[EXPECTED + bucket], NARROWEST)
    size, ratio, logs = data[lay.growth + near], data[lay.growth + horizon + near], data[LOGS_SHARE]
    shape = lay.shapes + bucket * SIZE
    shape_of_ratios = shape + THIRDS * SIZE
    for p in range(SIZE):
        if plan[KIND] == COUNTS:
            out[p] = centre * ratio * data[shape_of_ratios + p]
            continue
        value = (1 - logs) * (centre + now * size * data[shape + p])
        if logs > 0:
            value += logs * centre * np.exp(min(now * ratio * data[shape_of_ratios + p], 20.0))
        if share > 0:
            between = trees[0] if p < MEDIAN else trees[2]
            value += share * (trees[1] + REACH[p] * (between - trees[1]) - value)
        out[p] = value
    middle = out[MEDIAN]
    low, high = bounds(data[LOWEST], data[HIGHEST], plan[LENGTH], horizon, QUANTILE_RANGES)
    below, above = np.exp(data[ADAPTED + 2 * bucket]), np.exp(data[ADAPTED + 2 * bucket + 1])
    for p in range(SIZE):
        factor = above if p > MEDIAN else below
        if plan[KIND] != COUNTS:
            factor *= factors[bucket, p]
        out[p] = min(max(middle + (out[p] - middle) * factor, low), high)
    for p in range(MEDIAN + 1, SIZE):
        out[p] = max(out[p], out[p - 1])
    for p in range(MEDIAN - 1, -1, -1):
        out[p] = min(out[p], out[p + 1])
