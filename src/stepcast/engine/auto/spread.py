"""How far the truth may lie from the forecast: quantiles of the ensemble's own past errors, by step ahead."""

import numpy as np
from numpy.typing import NDArray

from stepcast.engine.auto.kernels import quantiles_by_step

__all__ = ["PROBABILITIES", "at_probabilities", "error_quantiles", "with_mean"]

Floats = NDArray[np.float64]

# Quantiles are kept at these probabilities and read off between them.
PROBABILITIES = np.array([0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975, 0.99])
# Errors of the steps beside it count for a step as well: of this many on both sides, up to so many origins.
NEIGHBOURS = ((30, 2), (120, 1))
SYMMETRY = 0.5  # share of the mirrored errors: few samples tell little about skew
FEWEST = 5  # errors that a step needs; beyond, the last good step widens by the square root of time


def error_quantiles(errors: Floats) -> Floats:
    """Quantiles (horizon, PROBABILITIES) of errors (origins, horizon); nan is unknown, zero if all are."""
    steps = np.arange(errors.shape[1])
    known = np.isfinite(errors).sum(axis=0)
    result = np.zeros((len(steps), len(PROBABILITIES)))
    near = next((count for origins, count in NEIGHBOURS if len(errors) <= origins), 0)
    quantiles_by_step(np.ascontiguousarray(errors), near, PROBABILITIES, result)
    good = np.flatnonzero(known >= FEWEST)
    if len(good) and good[-1] < len(steps) - 1:
        last = good[-1]
        result[last + 1 :] = result[last] * np.sqrt((steps[last + 1 :] + 1) / (last + 1))[:, None]
    mirrored: Floats = (1 - SYMMETRY) * result + SYMMETRY * 0.5 * (result - result[:, ::-1])
    return mirrored


def at_probabilities(table: Floats, wanted: Floats) -> Floats:
    """Read ``table`` (..., PROBABILITIES) at the probabilities ``wanted``, along straight lines between."""
    right = np.clip(np.searchsorted(PROBABILITIES, wanted), 1, len(PROBABILITIES) - 1)
    left = right - 1
    share = (wanted - PROBABILITIES[left]) / (PROBABILITIES[right] - PROBABILITIES[left])
    share = np.clip(share, 0.0, 1.0)
    # written so that rounding never makes one quantile of a constant larger than the next
    result: Floats = np.minimum(
        table[..., left] + (table[..., right] - table[..., left]) * share, table[..., right]
    )
    return result


def with_mean(table: Floats) -> Floats:
    """Quantiles (..., PROBABILITIES) and, last, their mean: the area under the quantile function."""
    edges = np.concatenate([[0.0], (PROBABILITIES[1:] + PROBABILITIES[:-1]) / 2, [1.0]])
    return np.concatenate([table, (table @ np.diff(edges))[..., None]], axis=-1)
