"""The horizon in thirds, each with weights and errors of its own, which one kept forecast each keeps up.

What a fit has by its buckets is the mean over the steps of a third.
"""

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.auto.compiled import compiled
from stepcast.engine.auto.ensemble.weights import buckets_of

__all__ = ["THIRDS", "by_third", "third_of", "thirds_of"]

THIRDS = 3


@compiled
def third_of(step, horizon):  # type: ignore[no-untyped-def]
    """The third of a ``step``, from 0; of the last one where it lies beyond the horizon."""
    return min(step, horizon - 1) * THIRDS // horizon


def thirds_of(horizon: int) -> Integers:
    """The third of each step ahead (horizon,).

    >>> thirds_of(6)
    array([0, 0, 1, 1, 2, 2])
    """
    return np.arange(horizon) * THIRDS // horizon


def by_third(values: Floats, horizon: int) -> Floats:
    """``values`` (BUCKETS, ...) of a fit as means over the steps of each third (THIRDS, ...).

    A third without a step, of a horizon of one or two, has those of the last step before it.
    """
    steps, third = values[buckets_of(horizon)], thirds_of(horizon)
    last = np.searchsorted(third, np.arange(THIRDS), side="right") - 1
    rows = [steps[third == n].mean(axis=0) if (third == n).any() else steps[last[n]] for n in range(THIRDS)]
    return np.stack(rows)
