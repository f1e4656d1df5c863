"""Concept drift: the relationship between past and future changed, so forecast errors have grown."""

import numpy as np
from scipy import special

from stepcast.engine.arrays import Floats
from stepcast.engine.drift.outcomes import Outcomes
from stepcast.engine.drift.tails import normal_beyond, student_tail
from stepcast.engine.drift.windows import averages

__all__ = ["coverage_p", "loss_p", "page_hinkley"]

BELIEF = 10.0  # weight of the panel as a prior for each item, in outcomes of its backtest
# Factor on the variance of a forecast's loss: errors of one forecast origin share its luck.
ORIGIN = 1.5
LIKELY_RATES = 32  # miss rates compatible with the backtest: equally spaced quantiles of their distribution


def page_hinkley(error: Floats, variance: Floats, freedom: Floats) -> tuple[Floats, Floats]:
    """Page-Hinkley test on standardized errors (items, time): the statistic and its p-value, (items,).

    The statistic is the largest rise of the cumulative sum of errors above its running minimum, or fall below
    its running maximum, in standard deviations of the whole sum. ``variance`` (items,) is that of one error
    times the number of errors worth one independent error, known with ``freedom`` degrees of freedom (see
    ``windows.inflation``). Without a change, a cumulative sum less its running minimum is a reflected
    Brownian motion, whose maximum has a known distribution.

    Sources: Page (1954), Continuous Inspection Schemes; Hinkley (1971), Inference about the change-point from
    cumulative sum tests; Lévy's theorem on reflected Brownian motion for the p-value.

    >>> quiet, shifted = np.zeros((1, 40)), np.r_[np.zeros(20), np.full(20, 2.0)][None]
    >>> page_hinkley(quiet, np.ones(1), np.full(1, 99.0))[1]
    array([1.])
    >>> bool(page_hinkley(shifted, np.ones(1), np.full(1, 99.0))[1] < 1e-6)
    True
    """
    known = np.isfinite(error)
    start = np.zeros((len(error), 1))
    total = np.concatenate([start, np.cumsum(np.where(known, error, 0.0), axis=1)], axis=1)
    rise = (total - np.minimum.accumulate(total, axis=1)).max(axis=1)
    fall = (np.maximum.accumulate(total, axis=1) - total).max(axis=1)
    deviation = np.sqrt(known.sum(axis=1) * variance)
    statistic = np.divide(np.maximum(rise, fall), deviation, out=np.zeros(len(error)), where=deviation > 0)
    # rise and fall, each with P(max |B| > x) <= 2 P(max B > x) = 4 P(B > x)
    return statistic, np.minimum(8 * student_tail(statistic, freedom), 1.0)


def coverage_p(
    new: Outcomes, tested: Outcomes, count_as_one: Floats, freedom: Floats
) -> tuple[Floats, Floats]:
    """Share of outcomes (items,) outside the outer quantiles, and its p-value by the binomial distribution.

    The reference rate is the nominal one, or that of the backtest if it is higher: an interval that was
    always too narrow is not drift. The uncertainty of a short backtest is included (beta-binomial
    distribution). ``count_as_one`` (items,) outcomes are worth one independent outcome, known with
    ``freedom`` degrees of freedom: the tail is widened as that of the t distribution is.

    Source: Kupiec (1995), Techniques for Verifying the Accuracy of Risk Measurement Models, one-sided.
    """
    outcomes, missed = _count(new.missed), np.nansum(new.missed, axis=1)
    tests, misses = _count(tested.missed), np.nansum(tested.missed, axis=1)
    panel = max(misses.sum() / max(tests.sum(), 1.0), new.miss_rate)
    alpha = misses / count_as_one + BELIEF * panel
    beta = (tests - misses) / count_as_one + BELIEF * (1 - panel)
    shares = (np.arange(LIKELY_RATES) + 0.5) / LIKELY_RATES
    rates = special.betaincinv(alpha[:, None], beta[:, None], shares)
    rates = np.maximum(rates, new.miss_rate)
    hits, trials = missed / count_as_one, outcomes / count_as_one
    chance = special.betainc(np.maximum(hits, 1e-9)[:, None], (trials - hits + 1)[:, None], rates).mean(
        axis=1
    )
    share = np.divide(missed, outcomes, out=np.full(len(missed), np.nan), where=outcomes > 0)
    heavier = student_tail(normal_beyond(np.clip(chance, 1e-300, 1.0)), freedom)
    return share, np.where(hits > 0, heavier, 1.0)


def loss_p(new: Outcomes, tested: Outcomes, variance: Floats, freedom: Floats) -> tuple[Floats, Floats]:
    """The new quantile loss divided by that of the backtest, (items,), and the p-value of so large a ratio.

    The logarithms of the two means are compared. ``variance`` (items,) is that of the logarithm of the mean
    loss over as many periods as are new, known with ``freedom`` degrees of freedom (see
    ``windows.loss_variance``).
    """
    outcomes, tests = _count(new.loss), _count(tested.loss)
    with np.errstate(all="ignore"):
        ratio = averages(new.loss) / averages(tested.loss)
        p = student_tail(
            np.log(ratio) / np.sqrt(variance * (ORIGIN + outcomes / tests)), np.maximum(freedom, 1)
        )
    return ratio, np.where(np.isfinite(p) & (outcomes > 0) & (tests > 0), p, 1.0)


def _count(values: Floats) -> Floats:
    count: Floats = np.isfinite(values).sum(axis=1).astype(np.float64)
    return count
