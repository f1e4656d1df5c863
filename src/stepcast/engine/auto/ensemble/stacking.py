"""Weights of members whose errors go together: what is alike shares one weight, what differs earns its own.

Softmin judges every member alone, so ten members that err alike outvote one that errs otherwise. Stacking
looks at products of errors: it moves weights toward the combination of least squared error, and is pulled
back to where it began, so that few origins do not decide much.
"""

from itertools import pairwise

import numpy as np

from stepcast.engine.arrays import Floats
from stepcast.engine.auto.compiled import compiled
from stepcast.engine.auto.ensemble.weights import BUCKETS, bucket_of, confidence, share_of_bucket

__all__ = ["error_products", "stacked"]


ROUNDS = 60
RATE = 0.3
# Where the best member errs far less than the others, steps of that length overshoot and end anywhere: then
# shorter ones are tried, and the weights stay as they were if none does better.
SHORTER, TRIES = 0.25, 5
PULLS = (1.0, 0.01)  # back to where the weights were, of no windows and of very many
CLIP = 12.0  # errors count at most as many typical ones
TINY = 1e-12  # a weight that is as good as none
FLOOR = float(np.log(TINY))
STEPS = 8  # of each bucket that products are taken of: neighbours err alike


def error_products(forecasts: Floats, actual: Floats, importance: Floats) -> Floats:
    """Mean products of the members' errors by bucket, in squares of a typical error.

    Shapes:  ``forecasts`` (members, origins or more, horizon), ``actual`` (origins, horizon), nan where not
             known; ``importance`` (origins, horizon) what an error there is multiplied by; the result
             (BUCKETS, members, members).
    A bucket of which nothing is known has the products of all steps; without any they are the identity.
    """
    members, origins, horizon = len(forecasts), *actual.shape
    errors, cuts = np.empty((members, origins * horizon)), np.zeros(BUCKETS + 1, np.int64)
    _typical_errors(forecasts, actual, importance, errors, cuts)
    if cuts[-1] == 0:
        return np.tile(np.eye(members), (BUCKETS, 1, 1))
    parts = [errors[:, begin:end] for begin, end in pairwise(cuts.tolist())]
    sums = np.stack([part @ part.T for part in parts])
    counts = np.diff(cuts)[:, None, None]
    overall, share = sums.sum(axis=0) / cuts[-1], share_of_bucket(horizon)
    result: Floats = np.where(
        counts > 0, share * sums / np.maximum(counts, 1) + (1 - share) * overall, overall
    )
    return result


def stacked(products: Floats, weights: Floats, windows: float) -> Floats:
    """Move ``weights`` (members, BUCKETS), columns of sum one, toward less squared error.

    ``windows`` over how many horizons the errors reach: the more, the farther they move.

    Source:  exponentiated gradient, Kivinen and Warmuth (1997); stacking, Breiman (1996).

    Two members that err alike share the weight that one of them would have:

    >>> alike = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    >>> equal = np.full((3, 3), 1 / 3)
    >>> stacked(np.stack([alike] * 3), equal, windows=100)[:, 0].round(1)
    array([0.3, 0.3, 0.5])
    """
    # Rows: a column of a single member is contiguous, for which the kernel would be compiled once more.
    rows = np.empty(weights.shape[::-1])
    pull = float(PULLS[0] * (PULLS[1] / PULLS[0]) ** confidence(windows))
    for bucket in range(weights.shape[1]):
        _descend(products[bucket], weights[:, bucket].copy(), pull, rows[bucket])
    return np.ascontiguousarray(rows.T)


@compiled
def _typical_errors(forecasts, actual, importance, out, cuts):  # type: ignore[no-untyped-def]
    """Clipped errors relative to a typical one into ``out`` (members, origins * horizon), bucket by bucket.

    Bucket i goes from ``cuts[i]`` to ``cuts[i + 1]``; what comes after the last cut is undefined.
    """
    members, (origins, horizon) = len(forecasts), actual.shape
    places = np.empty((origins * horizon, 2), np.int64)
    count = 0
    for bucket in range(BUCKETS):
        first = 0
        while first < horizon and bucket_of(first, horizon) < bucket:
            first += 1
        last = first
        while last < horizon and bucket_of(last, horizon) == bucket:
            last += 1
        for origin in range(origins):
            for step in range(first, last, max(1, (last - first) // STEPS)):
                if not np.isnan(actual[origin, step]):
                    places[count] = origin, step
                    count += 1
        cuts[bucket + 1] = count
    mean = np.zeros(members)
    for member in range(members):
        for place in range(count):
            origin, step = places[place]
            error = (forecasts[member, origin, step] - actual[origin, step]) * importance[origin, step]
            out[member, place] = error
            mean[member] += abs(error)
    typical = np.median(mean) / max(count, 1) + 1e-12
    for member in range(members):
        for place in range(count):
            out[member, place] = min(max(out[member, place] / typical, -CLIP), CLIP)


@compiled
def _descend(products, start, pull, out):  # type: ignore[no-untyped-def]
    members = len(start)
    lowest = products[0, 0]
    for k in range(1, members):
        lowest = min(lowest, products[k, k])
    lowest = max(lowest, 1e-9)
    origin = np.log(start + TINY)
    most = _cost(products, start, origin, origin, pull, lowest)
    rate = RATE
    for _ in range(TRIES):
        logs, weights = origin.copy(), start.copy()
        _walk(products, logs, weights, origin, pull, lowest, rate)
        if _cost(products, weights, logs, origin, pull, lowest) <= most:
            out[:] = weights
            return
        rate *= SHORTER
    out[:] = start


@compiled
def _walk(products, logs, weights, origin, pull, lowest, rate):  # type: ignore[no-untyped-def]
    """Move ``weights`` and their ``logs`` down the slope, in place."""
    members = len(weights)
    slope = np.empty(members)
    for _ in range(ROUNDS):
        for k in range(members):
            slope[k] = pull * (max(logs[k], FLOOR) - origin[k])
        for other in range(members):
            share = weights[other] / lowest
            for k in range(members):
                slope[k] += products[other, k] * share
        least = slope.min()
        total = 0.0
        for k in range(members):
            logs[k] -= rate * min(slope[k] - least, 50.0)
            weights[k] = np.exp(logs[k])
            total += weights[k]
        weights /= total
        logs -= np.log(total)


@compiled
def _cost(products, weights, logs, origin, pull, lowest):  # type: ignore[no-untyped-def]
    """What the slope is of: squared error, in those of the best member, and how far from the ``origin``."""
    total = 0.0
    for k in range(len(weights)):
        total += pull * weights[k] * (max(logs[k], FLOOR) - origin[k])
        for other in range(len(weights)):
            total += weights[k] * weights[other] * products[k, other] / (2 * lowest)
    return total
