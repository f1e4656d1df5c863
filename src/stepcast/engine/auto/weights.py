"""How much each member of a series counts: by its losses at many origins, shrunk toward the panel's."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from stepcast.engine.auto.kernels import powers_of_errors

__all__ = ["buckets_of", "log_losses", "member_weights", "sureness"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

BUCKETS = 3  # near, middle and far steps have weights of their own
OWN_BUCKET = 0.5  # how much a bucket's own loss counts beside the loss over all steps
TRUST = 10.0  # how many origins of its own the panel's losses are worth to a series
# Of no windows and of very many: 0 would make all members equal; the higher, the more the best count.
POWERS = (4.0, 12.0)
MANY_WINDOWS = 8.0  # half of the way from no windows to very many
CLIP = 4.0  # on logarithms of relative losses


def buckets_of(horizon: int) -> Integers:
    """The bucket of each step ahead (horizon,), thirds of it.

    >>> buckets_of(6)
    array([0, 0, 1, 1, 2, 2])
    """
    return np.arange(horizon) * BUCKETS // horizon


def log_losses(forecasts: Floats, actual: Floats, worth: Floats, power: float = 1.0) -> Floats:
    """Logarithms of errors by bucket, beside the median member's: (members, BUCKETS).

    Shapes:  ``forecasts`` (members, origins or more, horizon), ``actual`` (origins, horizon), nan where not
             known; ``worth`` (origins, horizon) what an error there is multiplied by.
    An error counts by its ``power``; the root of the mean is taken again.
    Where nothing is known in a bucket, the loss over all steps stands in; without any it is zero: all alike.
    """
    horizon = actual.shape[1]
    known = np.isfinite(actual)
    by_step, counts = powers_of_errors(forecasts, actual, worth, power), known.sum(axis=0)
    floor = 1e-9 + 1e-3 * float(np.abs((actual * worth)[known]).mean() if known.any() else 0.0)
    overall = _relative((by_step.sum(axis=1) / max(int(counts.sum()), 1)) ** (1 / power), floor)
    result = np.repeat(overall[:, None], BUCKETS, axis=1)
    bucket = buckets_of(horizon)
    for number in range(BUCKETS):
        inside = bucket == number
        if (count := int(counts[inside].sum())) > 0:
            own = _relative((by_step[:, inside].sum(axis=1) / count) ** (1 / power), floor)
            result[:, number] = OWN_BUCKET * own + (1 - OWN_BUCKET) * overall
    return result


def member_weights(
    losses: Floats,
    names: tuple[str, ...],
    evidence: float,
    windows: float,
    prior: Mapping[str, Floats],
) -> Floats:
    """Weights (members, BUCKETS), columns of sum one: softmin of the losses, shrunk toward ``prior``.

    ``evidence`` is how many origins speak for this series, ``windows`` over how many horizons they reach.
    """
    expected = np.stack([prior.get(name, np.zeros(BUCKETS)) for name in names])
    worth = TRUST if prior else 0.0
    shrunk = (evidence * losses + worth * expected) / max(evidence + worth, 1.0)
    weights = np.exp(-_power(windows) * (shrunk - shrunk.min(axis=0)))
    result: Floats = weights / weights.sum(axis=0)
    return result


def sureness(windows: float) -> float:
    """From 0 to 1: how far evidence that reaches over so many horizons is to be followed."""
    return windows / (windows + MANY_WINDOWS)


def _power(windows: float) -> float:
    return POWERS[0] + (POWERS[1] - POWERS[0]) * sureness(windows)


def _relative(loss: Floats, floor: float) -> Floats:
    """Logarithms of ``loss`` beside its median, clipped."""
    loss = np.maximum(loss, floor)
    return np.clip(np.log(loss / np.median(loss)), -CLIP, CLIP)
