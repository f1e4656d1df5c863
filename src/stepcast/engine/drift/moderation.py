"""Moderated variances: estimates from few windows, shrunk toward what all items suggest."""

import numpy as np
from scipy import special

from stepcast.engine.arrays import Floats
from stepcast.engine.drift.tails import chi_squared_quantile

__all__ = ["moderated"]

FEWEST_ITEMS = 10  # fewer do not show how similar items are
FEWEST_TO_LEARN_FROM = 40  # items; fewer do not show how measures relate to the variance
MOST_FREEDOM = 12.0  # even if all items look alike, the prior is worth at most this many windows
USUAL = 0.75  # an item above this quantile of what chance allows keeps its own variance
STEPS = 30  # of Newton's method; five suffice from any start


def moderated(variance: Floats, freedom: Floats, guess: Floats, *more: Floats) -> tuple[Floats, Floats]:
    """``variance`` (items,) with ``freedom`` degrees of freedom, shrunk toward a prior, and its new degrees.

    ``guess`` (items,) is the variance expected from another, steadier measure of the item, up to a factor
    that all items share. ``more`` are further such measures: with many items, a regression of logarithms
    estimates how they relate to the variance. The prior has more weight the closer the items follow it. nan
    and zero are returned unchanged.

    Source: Smyth (2004), Linear Models and Empirical Bayes Methods for Assessing Differential Expression in
    Microarray Experiments (the moderated t-statistic); Sartor et al. (2006), Intensity-based hierarchical
    Bayes method improves testing for differentially expressed genes (a prior that depends on covariates).
    """
    with np.errstate(all="ignore"):
        own_log, measures = np.log(variance), np.log(np.stack([guess, *more], axis=1))
    known = np.isfinite(own_log) & np.isfinite(measures).all(axis=1) & (freedom > 0)
    if known.sum() < FEWEST_ITEMS:
        return variance, freedom
    half = freedom[known] / 2
    steady = own_log[known] - special.digamma(half) + np.log(half)
    expected, taken = measures[:, 0], 1
    if more and known.sum() >= FEWEST_TO_LEARN_FROM:
        centre = measures[known].mean(axis=0)
        weights, _, rank, _ = np.linalg.lstsq(measures[known] - centre, steady - steady.mean(), rcond=1e-6)
        expected, taken = (measures - centre) @ weights, 1 + int(rank)
    left = steady - expected[known]
    middle = np.median(left)
    # variance between items: the sampling variance is subtracted
    apart = ((left - middle) ** 2).sum() / (len(left) - taken) - special.polygamma(1, half).mean()
    trust = min(2 * _inverse_trigamma(apart), MOST_FREEDOM) if apart > 0 else MOST_FREEDOM
    with np.errstate(all="ignore"):
        prior = np.exp(expected + middle + special.digamma(trust / 2) - np.log(trust / 2))
        shrunk = (trust * prior + freedom * variance) / (trust + freedom)
        # An item that varies more than chance allows is different: its variance is not lowered.
        least = prior * chi_squared_quantile(USUAL, np.maximum(freedom, 0.1)) / freedom
    own = ~known | (variance > least)
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
