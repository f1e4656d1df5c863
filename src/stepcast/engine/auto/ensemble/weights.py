"""How much each member of a series counts: by its losses at many origins, shrunk toward the panel's."""

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.auto.compiled import compiled

__all__ = [
    "bucket_of",
    "buckets_of",
    "confidence",
    "log_losses",
    "member_weights",
    "share_of_bucket",
    "without_light",
]


BUCKETS = 3  # near, middle and far steps have weights of their own
NEAR = 6  # steps that are near, whatever the horizon
OWN_BUCKET = 0.5  # of a short horizon, weight of a bucket's own loss; the rest is of the loss over all steps
TRUST = 10.0  # the panel's losses count like so many origins of the series' own
# Of no windows and of very many: 0 would make all members equal; the higher, the more the best count.
INVERSE_TEMPERATURES = (4.0, 12.0)
MANY_WINDOWS = 8.0  # half of the way from no windows to very many
LIGHT = 0.25  # of the heaviest weight: members that weigh less are left out of a very long horizon
CLIP = 4.0  # on logarithms of relative losses


def buckets_of(horizon: int) -> Integers:
    """The bucket of each step ahead (horizon,): thirds of a short horizon; of a long one the first steps, and
    the others in two parts of the same ratio.

    >>> buckets_of(6)
    array([0, 0, 1, 1, 2, 2])
    >>> np.bincount(buckets_of(600))
    array([  6,  54, 540])
    """
    return np.array([bucket_of(step, horizon) for step in range(horizon)])


@compiled
def bucket_of(step, horizon):  # type: ignore[no-untyped-def]
    """The bucket of a ``step``, from 0, of ``horizon``."""
    if horizon <= BUCKETS * NEAR:
        return step * BUCKETS // horizon
    return 0 if step < NEAR else 1 if step * step < NEAR * horizon else 2


@compiled
def share_of_bucket(horizon):  # type: ignore[no-untyped-def]
    """The weight of a bucket's own loss; the rest is of the loss over all steps. The longer the horizon, the
    less these say of the first ones."""
    return 1 - (1 - OWN_BUCKET) * np.sqrt(min(BUCKETS * NEAR / horizon, 1.0))


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


def without_light(weights: Floats, horizon: int) -> Floats:
    """``weights`` (members, BUCKETS) without the light ones, the more of them the longer the horizon.

    Far ahead a few members know the usual course; all others together, each a little, would outvote them.

    >>> many = np.array([[0.8], [0.1], [0.1]])
    >>> without_light(many, 12)[:, 0], without_light(many, 720)[:, 0]
    (array([0.8, 0.1, 0.1]), array([1., 0., 0.]))
    """
    light = LIGHT * (1 - np.sqrt(min(BUCKETS * NEAR / horizon, 1.0)))
    kept = np.where(weights < light * weights.max(axis=0), 0.0, weights)
    if (kept == weights).all():
        return weights
    result: Floats = kept / kept.sum(axis=0)
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
                counts[bucket_of(step, horizon)] += 1
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
            losses[bucket_of(step, horizon), member] += by_step[step]
            losses[BUCKETS, member] += by_step[step]
    for row in range(BUCKETS + 1):
        for member in range(members):
            mean = losses[row, member] / max(counts[row], 1.0)
            losses[row, member] = max(mean if power == 1 else mean ** (1 / power), floor)
        middle = np.median(losses[row])
        for member in range(members):
            relative = np.log(losses[row, member] / middle)
            losses[row, member] = min(max(relative, -CLIP), CLIP)
    share = share_of_bucket(horizon)
    for member in range(members):
        for bucket in range(BUCKETS):
            own = losses[bucket if counts[bucket] > 0 else BUCKETS, member]
            out[member, bucket] = share * own + (1 - share) * losses[BUCKETS, member]
