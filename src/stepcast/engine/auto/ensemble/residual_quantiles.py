"""How far the truth may lie from the forecast: quantiles of the ensemble's own past errors, by step ahead."""

import numpy as np
from numpy.typing import NDArray

from stepcast.engine.auto.compiled import compiled

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
    near = next((count for origins, count in NEIGHBOURS if len(errors) <= origins), 0)
    result = np.zeros((errors.shape[1], len(PROBABILITIES)))
    ordered = errors.T.copy(order="C")
    ordered.sort(axis=1)  # nan goes last
    _error_quantiles(ordered, near, PROBABILITIES, result)
    return result


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


@compiled
def _error_quantiles(ordered, neighbours, probabilities, out):  # type: ignore[no-untyped-def]
    """Quantiles of errors (horizon, origins), each step's rising, nan last, into ``out`` of zeros.

    The errors of ``neighbours`` steps on both sides count as well.
    """
    horizon, origins = ordered.shape
    known = np.zeros(horizon, np.int64)
    for step in range(horizon):
        while known[step] < origins and not np.isnan(ordered[step, known[step]]):
            known[step] += 1
    good = horizon - 1
    while good >= 0 and known[good] < FEWEST:
        good -= 1
    good = good if good >= 0 else horizon - 1
    sample, spare = np.empty(origins * (2 * neighbours + 1)), np.empty(origins * (2 * neighbours + 1))
    quantiles = np.zeros(len(probabilities))
    for step in range(horizon):
        wider = 1.0
        if step <= good:
            size = 0
            for other in range(max(0, step - neighbours), min(horizon, step + neighbours + 1)):
                _merge(sample[:size], ordered[other, : known[other]], spare)
                size += known[other]
                sample, spare = spare, sample
            for place in range(len(probabilities) if size else 0):
                rank = min(max(probabilities[place] * size - 0.5, 0.0), size - 1.0)
                left = int(rank)
                right = min(left + 1, size - 1)
                quantiles[place] = sample[left] + (rank - left) * (sample[right] - sample[left])
            if size == 0:
                quantiles[:] = 0.0
        else:
            wider = np.sqrt((step + 1) / (good + 1))
        for place in range(len(probabilities)):
            own, mirrored = quantiles[place], -quantiles[len(probabilities) - 1 - place]
            out[step, place] = wider * ((1 - SYMMETRY / 2) * own + SYMMETRY / 2 * mirrored)


@compiled
def _merge(some, others, out):  # type: ignore[no-untyped-def]
    """Two rising arrays as one, at the beginning of ``out``."""
    i = k = 0
    while i < len(some) and k < len(others):
        if some[i] <= others[k]:
            out[i + k] = some[i]
            i += 1
        else:
            out[i + k] = others[k]
            k += 1
    while i < len(some):
        out[i + k] = some[i]
        i += 1
    while k < len(others):
        out[i + k] = others[k]
        k += 1
