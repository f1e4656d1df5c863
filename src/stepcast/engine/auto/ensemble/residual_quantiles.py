"""How far the truth may lie from the forecast: quantiles of the ensemble's own past errors, by step ahead."""

import numpy as np

from stepcast.engine.arrays import Floats
from stepcast.engine.auto.compiled import compiled
from stepcast.engine.auto.series.quantile_grid import PROBABILITIES

__all__ = ["error_quantiles"]


# Errors of neighbouring steps count for a step as well: of so many on both sides, up to so many origins.
NEIGHBOURS = ((30, 2), (120, 1))
# Share of the mirrored errors, and independent errors from which it is no larger: the fewer there are, the
# less they tell of skew, or of a median that is not zero.
SYMMETRY, TELLING = 0.5, 8.0
FEWEST = 5  # errors that a step needs; beyond, the last good step widens by the square root of time


def error_quantiles(errors: Floats, spacing: float | None = None) -> Floats:
    """Quantiles (horizon, PROBABILITIES) of errors (origins, horizon); nan is unknown, zero if all are.

    The origins are ``spacing`` steps apart, if that is known: errors of overlapping stretches are hardly more
    than one.
    """
    near = next((count for origins, count in NEIGHBOURS if len(errors) <= origins), 0)
    result = np.zeros((errors.shape[1], len(PROBABILITIES)))
    ordered = errors.T.copy(order="C")
    ordered.sort(axis=1)  # nan goes last
    symmetry = np.full(len(result), SYMMETRY)
    if spacing is not None:
        overlap = np.minimum(1.0, spacing / np.arange(1, len(result) + 1))
        independent = np.isfinite(errors).sum(axis=0) * overlap
        symmetry = np.maximum(symmetry, TELLING / (independent + TELLING))
    _error_quantiles(ordered, near, PROBABILITIES, symmetry, result)
    return result


@compiled
def _error_quantiles(ordered, neighbours, probabilities, symmetry, out):  # type: ignore[no-untyped-def]
    """Quantiles of errors (horizon, origins), each step's rising, nan last, into ``out`` of zeros.

    The errors of ``neighbours`` steps on both sides count as well; ``symmetry`` (horizon,) is the share of
    those that are mirrored.
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
            out[step, place] = wider * ((1 - symmetry[step] / 2) * own + symmetry[step] / 2 * mirrored)


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
