"""How much each member of a series counts: by its losses at many origins, shrunk toward the panel's."""

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.auto.compiled import compiled

__all__ = ["buckets_of", "confidence", "log_losses", "member_weights"]


BUCKETS = 3  # near, middle and far steps have weights of their own
OWN_BUCKET = 0.5  # weight of a bucket's own loss; the rest is of the loss over all steps
TRUST = 10.0  # the panel's losses count like so many origins of the series' own
# Of no windows and of very many: 0 would make all members equal; the higher, the more the best count.
INVERSE_TEMPERATURES = (4.0, 12.0)
MANY_WINDOWS = 8.0  # half of the way from no windows to very many
CLIP = 4.0  # on logarithms of relative losses


def buckets_of(horizon: int) -> Integers:
    """The bucket of each step ahead (horizon,), thirds of it.

    >>> buckets_of(6)
    array([0, 0, 1, 1, 2, 2])
    """
    return np.arange(horizon) * BUCKETS // horizon


def log_losses(forecasts: Floats, actual: Floats, importance: Floats, power: float = 1.0) -> Floats:
    """Logarithms of errors by bucket, relative to the median member's: (members, BUCKETS).

    Shapes:  ``forecasts`` (members, origins or more, horizon), ``actual`` (origins, horizon), nan where not
             known; ``importance`` (origins, horizon) what an error there is multiplied by.
    An error counts by its ``power``; the root of the mean is taken again.
    Where nothing is known in a bucket, the loss over all steps stands in; without any it is zero: all alike.
    """
    result = np.empty((len(forecasts), BUCKETS))
    _log_losses(forecasts, actual, importance, power, result)
    return result


def member_weights(
    losses: Floats, size: float, windows: float, expected: Floats, importance: float
) -> Floats:
    """Weights (members, BUCKETS), columns of sum one: softmin of the losses, shrunk toward the ``expected``.

    ``size`` is how many origins the losses are of, ``windows`` over how many horizons these reach;
    ``importance`` how many origins what was expected counts for.
    """
    shrunk = (size * losses + importance * expected) / max(size + importance, 1.0)
    weights = np.exp(-_inverse_temperature(windows) * (shrunk - shrunk.min(axis=0)))
    result: Floats = weights / weights.sum(axis=0)
    return result


def confidence(windows: float) -> float:
    """From 0 to 1: how far losses over so many horizons are to be followed."""
    return windows / (windows + MANY_WINDOWS)


def _inverse_temperature(windows: float) -> float:
    return INVERSE_TEMPERATURES[0] + (INVERSE_TEMPERATURES[1] - INVERSE_TEMPERATURES[0]) * confidence(windows)


@compiled
def _log_losses(forecasts, actual, importance, power, out):  # type: ignore[no-untyped-def]
    members, (origins, horizon) = len(forecasts), actual.shape
    counts, size = np.zeros(BUCKETS + 1), 0.0
    for origin in range(origins):
        for step in range(horizon):
            if not np.isnan(actual[origin, step]):
                counts[step * BUCKETS // horizon] += 1
                size += abs(actual[origin, step] * importance[origin, step])
    counts[BUCKETS] = counts.sum()
    floor = 1e-9 + 1e-3 * size / max(counts[BUCKETS], 1.0)
    losses = np.zeros((BUCKETS + 1, members))  # the last row is over all steps
    for member in range(members):
        by_step = np.zeros(horizon)
        for origin in range(origins):
            for step in range(horizon):
                error = abs(forecasts[member, origin, step] - actual[origin, step]) * importance[origin, step]
                if power != 1:
                    error **= power
                by_step[step] += 0.0 if np.isnan(error) else error
        for step in range(horizon):
            losses[step * BUCKETS // horizon, member] += by_step[step]
            losses[BUCKETS, member] += by_step[step]
    for row in range(BUCKETS + 1):
        for member in range(members):
            mean = losses[row, member] / max(counts[row], 1.0)
            losses[row, member] = max(mean if power == 1 else mean ** (1 / power), floor)
        middle = np.median(losses[row])
        for member in range(members):
            relative = np.log(losses[row, member] / middle)
            losses[row, member] = min(max(relative, -CLIP), CLIP)
    for member in range(members):
        for bucket in range(BUCKETS):
            own = losses[bucket if counts[bucket] > 0 else BUCKETS, member]
            out[member, bucket] = OWN_BUCKET * own + (1 - OWN_BUCKET) * losses[BUCKETS, member]
