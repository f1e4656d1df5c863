"""How far the truth may lie from a forecast so far ahead that the past has few such stretches to show."""

import numpy as np

from stepcast.engine.arrays import Floats

__all__ = ["far_factors"]

ENOUGH = 8.0  # independent errors at a step from which it speaks for itself
LAWS = (0.0, 0.5)  # powers of the steps that errors grow with
RANGE = 4  # the law of growth is estimated up to the last such step, from this fraction of it on


def far_factors(errors: Floats, spacing: float, usual: Floats | None) -> Floats:
    """By how much to widen each step (horizon,): 1 where errors are many, never less.

    ``errors`` (origins, horizon) from origins ``spacing`` apart, nan unknown. Errors of overlapping stretches
    are hardly more than one. How they grow up to the last step with enough of them, between not at all
    (values around a level) and with the square root of the steps (a random walk), goes on after it: the fewer
    errors a step has, the more this counts. One series seldom tells the two apart: if there are many, half of
    it is the ``usual`` size (steps,) of their errors.
    """
    known = np.isfinite(errors)
    counts = known.sum(axis=0)
    steps = np.arange(1, errors.shape[1] + 1)
    independent = counts * np.minimum(1.0, spacing / steps)
    enough = np.flatnonzero(independent >= ENOUGH)
    if not len(enough) or enough[-1] < RANGE:
        return np.ones(len(steps))
    last = int(enough[-1])
    total = np.concatenate([[0.0], np.cumsum(np.where(known, np.abs(errors), 0.0).sum(axis=0))])
    seen = np.concatenate([[0], np.cumsum(counts)])

    def size(begin: int, end: int) -> float:
        return float((total[end] - total[begin]) / max(seen[end] - seen[begin], 1))

    early, late = size(last // RANGE // 2, last // RANGE + 1), size(last // 2, last + 1)
    if early <= 0 or late <= 0:
        return np.ones(len(steps))
    growth = float(np.clip(np.log(late / early) / np.log(RANGE), *LAWS))
    if usual is not None and len(usual) >= 2 * RANGE:
        others = np.log(usual[-1] / usual[len(usual) // RANGE - 1]) / np.log(RANGE)
        growth = (growth + float(np.clip(others, *LAWS))) / 2
    expected = late * (steps / (0.75 * last + 1)) ** growth  # the mean step of the later half
    own = np.array([size(max(last, place - place // RANGE), place + 1) for place in range(len(steps))])
    trust = independent / (independent + ENOUGH)
    wider = np.maximum(expected / np.maximum(own, 1e-300), 1.0) ** (1 - trust)
    return np.where(steps > last + 1, np.where(own > 0, wider, 1.0), 1.0)
