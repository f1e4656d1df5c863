"""Shrinkage: how much of an estimate is kept, given how little it may rest on."""

import numpy as np

from stepcast.engine.auto.compiled import compiled

__all__ = ["positive_part", "trust_in_factor"]

PRIOR = 4.0


@compiled
def positive_part(squared_t, caution):  # type: ignore[no-untyped-def]
    """The share of an estimate to keep when it is shrunk toward nothing; never negative.

    ``squared_t`` is the square of the estimate over its standard error; up to ``caution`` nothing is kept.

    Source:  James and Stein (1961); the positive part by Baranchik (1964).
    """
    return max(0.0, 1 - caution / max(squared_t, 1e-9))


def trust_in_factor(count: int) -> float:
    """The exponent, 0 to 1, that shrinks a factor found on ``count`` windows or items toward one.

    Windows of many series at one time, or of one series at near times, err together: hence the root.
    """
    root = float(np.sqrt(count))
    return root / (root + PRIOR)
