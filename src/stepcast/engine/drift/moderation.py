"""Variances that few windows tell, steadied by what all items say together."""

import numpy as np
from scipy import special, stats

from stepcast.engine.arrays import Floats

__all__ = ["moderated"]

FEWEST_ITEMS = 10  # fewer say nothing about how alike items are
MOST_FREEDOM = 20.0  # even items that look all alike are not worth more than so many windows of their own
USUAL = 0.9  # an item that varies more than this share of items would by chance counts by itself
STEPS = 30  # of Newton's method; five are enough for any start


def moderated(variance: Floats, freedom: Floats, guess: Floats) -> tuple[Floats, Floats]:
    """``variance`` (items,) with ``freedom`` degrees, shrunk toward ``guess``, and its degrees then.

    ``guess`` (items,) is what another, steadier measure of the item leads one to expect; it may be off by a
    factor that all items share. How much it is trusted follows from how closely the items keep to it.
    nan or zero stays as it is.

    Source: Smyth (2004), Linear Models and Empirical Bayes Methods for Assessing Differential Expression in
    Microarray Experiments (the moderated t-statistic), with a guess of each item's own in place of one value.
    """
    with np.errstate(all="ignore"):
        ratio = np.log(variance / guess)
    known = np.isfinite(ratio) & (freedom > 0)
    if known.sum() < FEWEST_ITEMS:
        return variance, freedom
    half = freedom[known] / 2
    steady = ratio[known] - special.digamma(half) + np.log(half)
    middle = np.median(steady)
    # variance of the items' own factors: what is left when chance is taken out
    apart = ((steady - middle) ** 2).mean() - special.polygamma(1, half).mean()
    trust = min(2 * _inverse_trigamma(apart), MOST_FREEDOM) if apart > 0 else MOST_FREEDOM
    prior = guess * np.exp(middle + special.digamma(trust / 2) - np.log(trust / 2))
    shrunk = (trust * prior + freedom * variance) / (trust + freedom)
    # An item that varies more than chance lets it is of another sort: it is not made to look calmer.
    own = ~known | (variance > prior * stats.chi2.ppf(USUAL, np.maximum(freedom, 0.1)) / freedom)
    return np.where(own, variance, shrunk), np.where(known, freedom + trust, freedom)


def _inverse_trigamma(value: float) -> float:
    """x with trigamma(x) = ``value``, by Newton's method as Smyth gives it.

    >>> round(_inverse_trigamma(float(special.polygamma(1, 3.0))), 6)
    3.0
    """
    x = 0.5 + 1 / value
    for _ in range(STEPS):
        trigamma = special.polygamma(1, x)
        x += trigamma * (1 - trigamma / value) / special.polygamma(2, x)
    return float(x)
