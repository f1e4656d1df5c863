"""Weights of members whose errors go together: what is alike shares one weight, what differs earns its own.

Softmin judges every member alone, so ten members that err alike outvote one that errs otherwise. Stacking
looks at products of errors: it moves weights toward the combination of least squared error, and is pulled
back to where it began, so that few origins do not decide much.
"""

import numba as nb
import numpy as np
from numpy.typing import NDArray

from stepcast.engine.auto.weights import BUCKETS, buckets_of, sureness

__all__ = ["error_products", "stacked"]

Floats = NDArray[np.float64]

ROUNDS = 60
RATE = 0.3
PULLS = (1.0, 0.01)  # back to where the weights were, of no windows and of very many
CLIP = 12.0  # errors count at most as many typical ones
STEPS = 8  # of each bucket that products are taken of: neighbours err alike

compiled = nb.njit(cache=True, nogil=True, error_model="numpy")


def error_products(forecasts: Floats, actual: Floats, worth: Floats) -> Floats:
    """Mean products of the members' errors by bucket, in squares of a typical error.

    Shapes:  ``forecasts`` (members, origins, horizon), ``actual`` (origins, horizon), nan where not known;
             ``worth`` (origins, horizon) what an error there is multiplied by; the result (BUCKETS,
             members, members).
    A bucket of which nothing is known has the products of all steps; without any they are the identity.
    """
    members, _, horizon = forecasts.shape
    bucket = buckets_of(horizon)
    known = np.isfinite(actual)
    result = np.empty((BUCKETS, members, members))
    errors, parts = [], []
    for number in range(BUCKETS):
        steps = np.flatnonzero(bucket == number)
        steps = steps[:: max(1, len(steps) // STEPS)]
        inside = known[:, steps]
        errors.append(((forecasts[:, :, steps] - actual[:, steps]) * worth[:, steps])[:, inside])
        parts.append(errors[-1].shape[1])
    together = np.concatenate(errors, axis=1)
    if together.shape[1] == 0:
        result[:] = np.eye(members)
        return result
    typical = float(np.median(np.abs(together).mean(axis=1))) + 1e-12
    cuts = np.cumsum([0, *parts])
    together = np.clip(together / typical, -CLIP, CLIP)
    overall = together @ together.T / together.shape[1]
    for number in range(BUCKETS):
        own = together[:, cuts[number] : cuts[number + 1]]
        result[number] = (own @ own.T / own.shape[1] + overall) / 2 if own.shape[1] else overall
    return result


def stacked(products: Floats, weights: Floats, windows: float) -> Floats:
    """Move ``weights`` (members, BUCKETS), columns of sum one, toward less squared error.

    ``windows`` over how many horizons the evidence reaches: the more, the farther they move.

    Source:  exponentiated gradient, Kivinen and Warmuth (1997); stacking, Breiman (1996).

    Two members that err alike share the weight that one of them would have:

    >>> alike = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    >>> equal = np.full((3, 3), 1 / 3)
    >>> stacked(np.stack([alike] * 3), equal, windows=100)[:, 0].round(1)
    array([0.3, 0.3, 0.5])
    """
    result = np.empty_like(weights)
    pull = float(PULLS[0] * (PULLS[1] / PULLS[0]) ** sureness(windows))
    for bucket in range(weights.shape[1]):
        _descend(products[bucket], weights[:, bucket].copy(), pull, result[:, bucket])
    return result


@compiled
def _descend(products, start, pull, out):  # type: ignore[no-untyped-def]
    members = len(start)
    lowest = products[0, 0]
    for k in range(1, members):
        lowest = min(lowest, products[k, k])
    lowest = max(lowest, 1e-9)
    weights = start.copy()
    origin = np.log(start + 1e-12)
    slope = np.empty(members)
    for _ in range(ROUNDS):
        for k in range(members):
            total = 0.0
            for other in range(members):
                total += products[k, other] * weights[other]
            slope[k] = total / lowest + pull * (np.log(weights[k] + 1e-12) - origin[k])
        least = slope.min()
        total = 0.0
        for k in range(members):
            weights[k] *= np.exp(-RATE * min(slope[k] - least, 50.0))
            total += weights[k]
        weights /= total
    out[:] = weights
