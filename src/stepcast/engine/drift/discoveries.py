"""Multiple testing: which of many small p-values are more than chance?"""

import numpy as np

from stepcast.engine.arrays import Flags, Floats, Integers

__all__ = ["discoveries", "drifts", "smallest_of"]


def discoveries(p: Floats, rate: float) -> Flags:
    """Which hypotheses to reject at false discovery rate ``rate``: the expected share of wrong rejections.

    Shapes:  ``p`` of any shape, and so is the result; all of it is one family. nan counts as 1.
    Source:  Benjamini and Hochberg (1995), Controlling the False Discovery Rate.

    >>> discoveries(np.array([0.001, 0.02, 0.03, 0.9]), 0.05)
    array([ True,  True,  True, False])
    """
    flat = np.where(np.isfinite(p), p, 1.0).ravel()
    ranked = np.sort(flat)
    below = ranked <= rate * np.arange(1, len(ranked) + 1) / max(len(ranked), 1)
    limit = ranked[np.flatnonzero(below)[-1]] if below.any() else -1.0
    return (flat <= limit).reshape(p.shape)


def drifts(p: Floats, rate: float) -> Flags:
    """Which kinds of drift (items, kinds) to report at false discovery rate ``rate`` over *items*.

    An item counts once, however many kinds are found in it. Items are selected by one p-value combined over
    their kinds; then kinds within the selected items, at ``rate`` times the share of selected items.

    Source: Benjamini and Bogomolov (2014), Selective Inference on Multiple Families of Hypotheses.

    >>> drifts(np.array([[0.001, 0.02], [0.5, 0.04]]), 0.05)
    array([[ True,  True],
           [False, False]])
    """
    if not len(p):
        return np.zeros(p.shape, bool)
    chosen = discoveries(smallest_of(p)[0], rate)
    level = rate * chosen.sum() / len(p)
    found = np.zeros(p.shape, bool)
    for item in np.flatnonzero(chosen):
        found[item] = discoveries(p[item], level)
    return found


def smallest_of(p: Floats) -> tuple[Floats, Integers]:
    """Combine the p-values of several tests (items, tests) into one (items,), and the strongest test.

    Source:  Simes (1986), An Improved Bonferroni Procedure; for tests that are not negatively dependent.

    >>> smallest_of(np.array([[0.01, 0.5], [0.03, 0.04]]))
    (array([0.02, 0.04]), array([0, 0]))
    """
    known = np.where(np.isfinite(p), p, 1.0)
    tests = known.shape[1]
    joined = (np.sort(known, axis=1) * tests / np.arange(1, tests + 1)).min(axis=1)
    return joined, known.argmin(axis=1)
