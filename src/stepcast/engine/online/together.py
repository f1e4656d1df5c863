"""Between two trainings, items learn from one another how to correct the trees."""

import numpy as np

from stepcast.engine.online.correction import ERRORS, LARGEST, ROWS, accumulate, measure, put, solve
from stepcast.engine.online.state import State

__all__ = ["learn_together"]

FEWEST = 10  # paths with an outcome; fewer teach one another little
ROUNDS = 3  # of a regression whose weights depend on its errors
PENALTY = 3.0  # on squared coefficients of facts of size one: so many paths
# The share of the correction changes with a power of what earlier ones gained; the odds against it without.
FOLLOWING, AGAINST = 24.0, 0.25
UNWEIGHTED = 1e300  # as the typical error: all residuals count alike


def learn_together(state: State) -> None:
    """Learn a correction of the trees' forecasts from the outcomes of all items, in place.

    Call it every ``state.stride`` periods, after all items have been updated. It takes microseconds an item,
    and does nothing where trees have no share. It only changes what the next forecasts of trees are corrected
    by: updates of items stay independent of one another. The same records give the same bits, whatever the
    order of the items.

    The residuals of the last two paths of the trees, in their scales, are regressed on the facts that the
    trees saw, with a penalty; outliers count less. As far as earlier corrections have reduced the errors that
    came after them, the correction is followed; in every item no further than its own residuals allow.

    Source:  reweighted least squares for absolute errors, as in Huber (1964), Robust Estimation of a Location
             Parameter.
    """
    layout = state.common.layout
    if not layout.columns:
        return
    plans, rows = state.plans, state.rows
    items = np.argsort(np.array(state.ids, dtype=np.str_), kind="stable")  # sums depend on their order
    count = layout.facts + 1
    sizes, losses, coefficients = np.empty(count), np.empty(2), np.zeros(2 * count)
    typical, largest = UNWEIGHTED, 0.0
    with np.errstate(all="ignore"):
        if measure(plans, rows, layout, items, sizes, losses) < FEWEST:
            return
        for _ in range(ROUNDS):
            products, sums, counts = np.eye(2 * count) * PENALTY, np.zeros(2 * count), np.zeros(3)
            accumulate(plans, rows, layout, items, coefficients, typical, sizes, products, sums, counts)
            solve(products, sums)
            coefficients, largest = sums, float(counts[LARGEST])
            typical = float(counts[ERRORS] / max(counts[ROWS], 1.0))
        if not (np.isfinite(coefficients).all() and typical > 0):
            return
        odds = AGAINST * (losses[1] / losses[0]) ** FOLLOWING if losses[0] > 0 else AGAINST
        learned = coefficients / (1 + odds) / np.tile(sizes, 2)
        put(plans, rows, layout, items, np.append(learned, largest))
