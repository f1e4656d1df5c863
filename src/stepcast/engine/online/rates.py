"""Learning rates: those that would have been best on held-back origins."""

from collections.abc import Callable

import numpy as np

from stepcast.engine.arrays import Floats
from stepcast.engine.auto.series.quantile_grid import OUTERMOST
from stepcast.engine.online.layout import RATES
from stepcast.engine.online.observing import ADAPTING, ERROR_MEMORY, MEMORY, TEMPER

__all__ = ["NOT_KNOWN", "best_rates", "put_rates"]

NOT_KNOWN = np.array([4.0, 200.0, 1000.0, 0.01])  # without held-back origins
# Exponents of losses in weights (0: weights change only if an item drifts); memories of losses and of the
# size of errors, in horizons or seasons; step sizes of coverage. The first of each is the slowest.
TEMPERS, MEMORIES = (0.0, 4.0, 8.0, 12.0), (16.0, 4.0, 1.0)
ERROR_MEMORIES, ADAPTIONS = (32.0, 8.0, 2.0), (0.01, 0.03)
HANDICAP = 0.002  # faster learning must reduce the logarithm of the loss by this much
JUDGED = slice(OUTERMOST, -OUTERMOST)


def put_rates(rows: Floats, rates: Floats) -> None:
    """Set ``rates`` (4,) in records that have not learned yet."""
    rows[:, RATES : RATES + len(rates)] = rates


def best_rates(losses_with: Callable[[Floats], Floats], unit: float) -> Floats:
    """The rates (4,) of least loss; ``losses_with(rates)`` (items,) replays the latest part of the history.

    ``unit`` is the longer of season and horizon. Rates of weights are chosen first, then those of widths.
    """
    best = np.array([TEMPERS[0], unit * MEMORIES[0], unit * ERROR_MEMORIES[0], ADAPTIONS[0]])
    held = losses_with(best)
    lowest = 0.0
    for changes in (
        [{TEMPER: temper, MEMORY: unit * memory} for temper in TEMPERS[1:] for memory in MEMORIES],
        [{ERROR_MEMORY: unit * memory} for memory in ERROR_MEMORIES[1:]],
        [{ADAPTING: adaption} for adaption in ADAPTIONS[1:]],
    ):
        before = best
        for change in changes:
            rates = before.copy()
            for place, rate in change.items():
                rates[place] = rate
            losses = losses_with(rates)
            known = (held > 0) & (losses > 0)
            if not known.any():
                continue
            # the mean over items and the pooled loss: neither many small items nor a few large ones decide
            # alone
            each = float(np.log(losses[known] / held[known]).mean())
            found = (each + float(np.log(losses[known].sum() / held[known].sum()))) / 2
            if found < lowest - HANDICAP:
                best, lowest = rates, found
    return best
