"""Has a series moved further than it has always moved? Windows of new values against the series' own past.

A plain two-sample test takes values of a series for independent draws. They are not: of AR(1) series with
coefficient 0.9 and no drift, a Kolmogorov-Smirnov test at 5% calls most drifted. Here the unit is a whole
window: what its mean usually differs by from the periods before it is read off all windows of the past, so
autocorrelation, trends and slow waves are in the yardstick already. That is what thinning aims at, without
throwing values away.

Sources: Meketon and Schmeiser (1984), Overlapping Batch Means: Something for Nothing? (the variance of a
window's mean from overlapping windows); Andrews (1991) on why long-run variances need them.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.drift.moderation import moderated

__all__ = ["Moves", "Windows", "averages", "even_inflation", "inflation", "medians", "moves", "own_inflation"]

# Windows of the past are this many times closer together than they are long: more would say nothing new.
OVERLAP = 8
MOST_WINDOWS = 256  # as many tell all that there is to tell
# Windows say something of their own when they begin so many lengths apart: they share the level before them.
APART = 1.5
# Fewer of them than this do not tell what is usual.
FEWEST_WINDOWS = 2.5
# A steadier guess of how windows vary comes from windows this many times shorter.
SHORTER = 4
# Values further away than so many typical distances are pulled in: one old shift must not excuse all others.
FURTHEST = 4.0
MAD_TO_SIGMA = 1.4826


@dataclass(frozen=True)
class Moves:
    """``size`` (items,) of the new move, in the unit of the series; ``p`` (items,) how rare one as large is.

    nan and 1 where the past does not tell.
    """

    size: Floats
    p: Floats


class Windows:
    """Means of windows of ``series`` (items, time), nan left out; summed once, for windows of any length."""

    def __init__(self, series: Floats) -> None:
        known = np.isfinite(series)
        self.time = series.shape[1]
        self._sums = _running(np.where(known, series, 0.0))
        self._counts = _running(known.astype(np.float64))

    def means(self, starts: Integers, length: int) -> Floats:
        """(items, starts); nan where less than half of a window was observed.

        >>> Windows(np.array([[1.0, 3.0, np.nan, 5.0]])).means(np.array([0, 1, 2]), 2)
        array([[2., 3., 5.]])
        """
        sums = self._sums[:, starts + length] - self._sums[:, starts]
        counts = self._counts[:, starts + length] - self._counts[:, starts]
        means: Floats = np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts >= length / 2)
        return means


def averages(values: Floats) -> Floats:
    """Of each row, nan left out; 0 where there is nothing else.

    >>> averages(np.array([[3.0, np.nan, 1.0], [np.nan, np.nan, np.nan]]))
    array([2., 0.])
    """
    known = np.isfinite(values)
    mean: Floats = np.where(known, values, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return mean


def medians(values: Floats) -> Floats:
    """Of each row, nan left out; nan where there is nothing else.

    >>> medians(np.array([[3.0, np.nan, 1.0], [np.nan, np.nan, np.nan]]))
    array([ 2., nan])
    """
    if not values.shape[1]:
        return np.full(len(values), np.nan)
    ordered, known = np.sort(values, axis=1), np.isfinite(values).sum(axis=1)
    rows = np.arange(len(values))
    below, above = np.maximum(known - 1, 0) // 2, np.minimum(known // 2, known - 1)
    middle: Floats = (ordered[rows, below] + ordered[rows, above]) / 2
    return middle


def moves(
    series: Floats, new: int, length: int, back: int, year: int = 0, floor: Floats | float = 0.0
) -> Moves:
    """How far the mean of the last ``length`` of ``new`` values is from that of ``back`` values before them.

    Shapes:   ``series`` (items, time), the last ``new`` columns are new; nan is missing.
    ``year``  periods after which everything may come again: a move that was made a year before, about the
              same time, is no drift. 0 where there is none.
    ``floor`` (items,) or one number: the least standard deviation of a move, where the past has none.
    """
    windows = Windows(series)
    reference = windows.time - new
    origins = _origins(back, reference, new)
    if not len(origins):
        return Moves(np.full(len(series), np.nan), np.ones(len(series)))
    (at_end,), (before,) = (
        windows.means(np.array([start]), span).T
        for start, span in ((windows.time - length, length), (reference - back, back))
    )
    size = at_end - before
    shorter = []
    for part in (SHORTER, SHORTER**2):
        spans = [max(span // part, 1) for span in (new, length, back)]
        shorter.append(_variance(_moved(windows, _origins(spans[2], reference, spans[0]), *spans))[1])
    guess = _extrapolated(*shorter)
    past = _moved(windows, origins, new, length, back)
    usual, variance, told = _spread(past, origins, new)
    variance, freedom = moderated(variance, told, guess)
    excess = size - usual
    if year:
        excess = _beyond(size, usual, _year_before(past, origins, reference - year, year))
        yearly = origins[origins - year >= back]
        if len(yearly) > 1:  # where years are alike, what is left of a move after the year before tells more
            again = _moved(windows, np.array([reference - year]), new, length, back)[:, 0]
            apart = _moved(windows, yearly, new, length, back) - _moved(
                windows, yearly - year, new, length, back
            )
            usual_apart, variance_apart, told_apart = _spread(apart, yearly, new)
            variance_apart, freedom_apart = moderated(variance_apart, told_apart, 2 * guess)
            better = (variance_apart < variance) & (told_apart >= FEWEST_WINDOWS) & np.isfinite(again)
            excess = np.where(better, size - again - usual_apart, excess)
            variance = np.where(better, variance_apart, variance)
            told, freedom = np.where(better, told_apart, told), np.where(better, freedom_apart, freedom)
    with np.errstate(all="ignore"):
        deviation = np.sqrt(variance * (1 + 1 / told))  # the usual move is not known exactly either
        ratio = np.abs(excess) / np.maximum(deviation, floor)
        p = 2 * stats.t.sf(ratio, np.maximum(freedom, 1))
    usable = (told >= FEWEST_WINDOWS) & np.isfinite(ratio)
    return Moves(np.where(usable, size, np.nan), np.where(usable, p, 1.0))


def inflation(series: Floats, new: int) -> tuple[Floats, Floats]:
    """How many values of ``series`` (items, time) count as one, (items,), and on how many windows that rests.

    The variance of a mean of ``new`` values in a row, by what it would be if they were free of each other.

    Source: Bartlett weights, as in Newey and West (1987), here from overlapping windows.
    """
    windows = Windows(series)
    origins = _origins(0, windows.time, new)
    if len(origins) < 2:
        return np.full(len(series), float(new)), np.ones(len(series))
    _, between, told = _spread(windows.means(origins, new), origins, new)
    lengths = [max(new // part, 1) for part in (SHORTER, SHORTER**2)]
    shorter = [windows.means(_origins(0, windows.time, length), length) for length in lengths]
    guess = _extrapolated(*(_variance(means)[1] for means in shorter))
    between, freedom = moderated(between, told, guess)
    within = _variance(series)[1]
    with np.errstate(all="ignore"):
        factor = new * between / within
    usable = np.isfinite(factor) & (told >= FEWEST_WINDOWS)
    return np.clip(np.where(usable, factor, new), 1.0, new), np.maximum(freedom, 1.0)


def own_inflation(errors: Floats, time: int) -> Floats:
    """``inflation`` of ``time`` values as few ``errors`` (items, points) tell it by themselves, (items,).

    Errors are taken about zero: what is always too low is alike, too.

    Source: Newey and West (1987), Bartlett weights over a quarter of ``time``; or an AR(1) process, if that
    says more.

    >>> own_inflation(np.tile([[1.0, -1.0, -1.0, 1.0]], 9), 4)
    array([1.])
    """
    known = np.where(np.isfinite(errors), errors, 0.0)
    reach = min(max(time // SHORTER, 1), known.shape[1] - 1)
    square = (known**2).sum(axis=1)
    total, again = np.zeros(len(known)), np.zeros(len(known))
    for lag in range(1, reach + 1):
        products = (known[:, lag:] * known[:, :-lag]).sum(axis=1)
        alike = np.divide(products, square, out=np.zeros(len(known)), where=square > 0)
        total += (1 - lag / (reach + 1)) * alike
        if lag <= 2:  # noise on top hides part of it from neighbours, not from every other one
            chance = 2 / np.sqrt(known.shape[1]) if lag == 2 else 0.0
            again = np.maximum(again, np.where(alike > chance, np.maximum(alike, 0.0) ** (1 / lag), 0.0))
    return np.clip(np.maximum(1 + 2 * total, _of_ar1(np.minimum(again, 0.99), time)), 1.0, time)


def even_inflation(factor: Floats) -> Floats:
    """``inflation`` of the size of an error, or of its square, where that of the error is ``factor``.

    Of a Gaussian AR(1) process, whose even functions are as alike as its autocorrelation squared.

    >>> even_inflation(np.array([1.0, 19.0])).round(2)
    array([1.  , 9.53])
    """
    squared = ((factor - 1) / (factor + 1)) ** 2
    return (1 + squared) / (1 - squared)


def _of_ar1(again: Floats, time: int) -> Floats:
    """``inflation`` of ``time`` values of an AR(1) process with coefficient ``again`` (items,)."""
    return (1 + again) / (1 - again) - 2 * again * (1 - again**time) / (time * (1 - again) ** 2)


def _origins(first: int, stop: int, new: int) -> Integers:
    """Where windows of ``new`` begin that end before ``stop``."""
    step = max(1, new // OVERLAP, (stop - new - first) // MOST_WINDOWS)
    return np.arange(first, stop - new + 1, step)


def _moved(windows: Windows, origins: Integers, new: int, length: int, back: int) -> Floats:
    """The moves (items, origins) that were made when ``new`` values came from each origin on."""
    return windows.means(origins + new - length, length) - windows.means(origins - back, back)


def _spread(past: Floats, origins: Integers, new: int) -> tuple[Floats, Floats, Floats]:
    """Mean and variance (items,) of windows of the past, and how many there are of their own."""
    usual, variance = _variance(past)
    step = origins[1] - origins[0] if len(origins) > 1 else 1
    told = np.isfinite(past).sum(axis=1) * step / (APART * new)
    # about their own mean, few windows look closer together than they are
    return usual, variance / np.maximum(1 - 1 / np.maximum(told, 1.0), 0.25), told


def _extrapolated(shorter: Floats, shortest: Floats) -> Floats:
    """The variance of windows SHORTER times longer, had it grown, or shrunk, on as between these two."""
    with np.errstate(all="ignore"):
        return shorter**2 / shortest


def _variance(values: Floats) -> tuple[Floats, Floats]:
    """Mean and variance along the last axis; values far out are pulled in, nan is left out."""
    known = np.isfinite(values)
    middle = medians(values)[:, None]
    typical = MAD_TO_SIGMA * medians(np.abs(values - middle))[:, None]
    reach = np.where(typical > 0, FURTHEST * typical, np.inf)
    pulled = np.where(known, np.clip(values, middle - reach, middle + reach), 0.0)
    count = known.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = pulled.sum(axis=1) / count
        return mean, (np.where(known, pulled - mean[:, None], 0.0) ** 2).sum(axis=1) / count


def _year_before(past: Floats, origins: Integers, place: int, year: int) -> Floats:
    """The usual move about ``place``, (items,); nan where the past does not go back so far."""
    step = origins[1] - origins[0] if len(origins) > 1 else 1
    near = past[:, np.abs(origins - place) <= max(year // 52, step)]
    return medians(near)


def _beyond(size: Floats, usual: Floats, year_before: Floats) -> Floats:
    """What of ``size`` lies outside the stretch from the usual move to that of a year before."""
    other = np.where(np.isfinite(year_before), year_before, usual)
    low, high = np.minimum(usual, other), np.maximum(usual, other)
    return np.where(size > high, size - high, np.where(size < low, size - low, 0.0))


def _running(values: Floats) -> Floats:
    return np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1)], axis=1)
