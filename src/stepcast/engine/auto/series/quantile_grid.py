"""The probabilities at which every distribution is kept, and how values are read between them."""

import numpy as np

from stepcast.engine.arrays import Floats
from stepcast.engine.task import Outputs

__all__ = ["MASSES", "MEDIAN", "OUTERMOST", "PROBABILITIES", "at_probabilities", "outputs_of", "with_mean"]


# Quantiles are kept at these probabilities and read off between them.
PROBABILITIES = np.array([0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975, 0.99])
MEDIAN = len(PROBABILITIES) // 2
# 0.1 and, from the end, 0.9: too few errors lie further out to judge or widen the outer ones by themselves.
OUTERMOST = 3
# The share of a distribution that each of the PROBABILITIES represents.
MASSES = np.diff(np.concatenate([[0.0], (PROBABILITIES[1:] + PROBABILITIES[:-1]) / 2, [1.0]]))


def at_probabilities(table: Floats, wanted: Floats) -> Floats:
    """Read ``table`` (..., PROBABILITIES) at the probabilities ``wanted``, along straight lines between."""
    right = np.clip(np.searchsorted(PROBABILITIES, wanted), 1, len(PROBABILITIES) - 1)
    left = right - 1
    share = (wanted - PROBABILITIES[left]) / (PROBABILITIES[right] - PROBABILITIES[left])
    share = np.clip(share, 0.0, 1.0)
    with np.errstate(over="ignore"):  # differences of the largest numbers there are
        between = table[..., left] + (table[..., right] - table[..., left]) * share
    # rounding never makes one quantile of a constant larger than the next
    result: Floats = np.minimum(between, table[..., right])
    return result


def with_mean(table: Floats) -> Floats:
    """Quantiles (..., PROBABILITIES) and, last, their mean: the area under the quantile function."""
    return np.concatenate([table, (table @ MASSES)[..., None]], axis=-1)


def outputs_of(tables: Floats, outputs: Outputs) -> Floats:
    """What a task asks for (..., outputs), from quantiles and the mean (..., PROBABILITIES + 1)."""
    quantiles, mean = tables[..., :-1], tables[..., -1]
    columns = [
        mean if output == "mean" else at_probabilities(quantiles, np.array([output]))[..., 0]
        for output in outputs
    ]
    return np.stack(columns, axis=-1)
