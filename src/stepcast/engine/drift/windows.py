"""Window tests: has a series moved further than it usually does? New values against its own past.

A plain two-sample test assumes independent values, which those of a series are not: for AR(1) series with
coefficient 0.9 and no drift, a Kolmogorov-Smirnov test at 5% rejects most. Here the unit is a whole window:
how much its mean usually differs from that of the periods before it is estimated from all past windows, so
autocorrelation, trends and slow waves are part of the reference. Thinning has the same aim, but discards
values.

Sources: Meketon and Schmeiser (1984), Overlapping Batch Means: Something for Nothing? (the variance of a
window's mean from overlapping windows); Andrews (1991) on why long-run variances need them.
"""

from dataclasses import dataclass

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.drift.moderation import moderated
from stepcast.engine.drift.tails import student_tail

__all__ = [
    "Moves",
    "Windows",
    "averages",
    "even_inflation",
    "inflation",
    "loss_variance",
    "medians",
    "moves",
    "own_inflation",
    "quantiles",
]

# Past windows overlap, with this many starts per length: more would add no information.
OVERLAP = 8
MOST_WINDOWS = 256  # more would add no information
# Windows that start this many lengths apart count as independent: they share the level before them.
APART = 1.2
# Fewer independent windows than this do not show what is usual.
FEWEST_WINDOWS = 2.5
# Windows this many times shorter give a steadier estimate of how windows vary.
SHORTER = 4
# Outliers are clipped to this many robust standard deviations: one old shift must not hide all others.
FURTHEST = 4.0
MAD_TO_SIGMA = 1.4826
ROUNDING = 1e-9  # relative to the values; smaller moves are rounding errors


@dataclass(frozen=True)
class Moves:
    """``size`` (items,) of the new move, in the unit of the series; ``p`` (items,) its p-value.

    nan and 1 if the past is too short.
    """

    size: Floats
    p: Floats


class Windows:
    """Means of windows of ``series`` (items, time), ignoring nan; summed once for windows of any length."""

    def __init__(self, series: Floats) -> None:
        known = np.isfinite(series)
        self.time = series.shape[1]
        self._sums = _running(np.where(known, series, 0.0))
        self._counts = _running(known.astype(np.float64))

    def means(self, starts: Integers, length: int) -> Floats:
        """(items, starts); nan if less than half of a window was observed.

        >>> Windows(np.array([[1.0, 3.0, np.nan, 5.0]])).means(np.array([0, 1, 2]), 2)
        array([[2., 3., 5.]])
        """
        sums = self._sums[:, starts + length] - self._sums[:, starts]
        counts = self._counts[:, starts + length] - self._counts[:, starts]
        means: Floats = np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts >= length / 2)
        return means


def averages(values: Floats, nothing: float = 0.0) -> Floats:
    """Mean of each row, ignoring nan; ``nothing`` for a row without values.

    >>> averages(np.array([[3.0, np.nan, 1.0], [np.nan, np.nan, np.nan]]))
    array([2., 0.])
    """
    known = np.isfinite(values)
    count = known.sum(axis=1)
    mean: Floats = np.where(
        count > 0, np.where(known, values, 0.0).sum(axis=1) / np.maximum(count, 1), nothing
    )
    return mean


def medians(values: Floats) -> Floats:
    """Median of each row, ignoring nan; nan for a row without values.

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


def quantiles(values: Floats, share: float) -> Floats:
    """The quantile ``share`` of each row, ignoring nan; nan for a row without values.

    >>> quantiles(np.array([[3.0, np.nan, 1.0, 2.0], [np.nan, np.nan, np.nan, np.nan]]), 0.4)
    array([ 2., nan])
    """
    if not values.shape[1]:
        return np.full(len(values), np.nan)
    ordered, known = np.sort(values, axis=1), np.isfinite(values).sum(axis=1)
    place = np.minimum((share * known).astype(np.int64), np.maximum(known - 1, 0))
    chosen: Floats = ordered[np.arange(len(values)), place]
    return chosen


def moves(
    series: Floats, new: int, length: int, back: int, year: int = 0, floor: Floats | float = 0.0
) -> Moves:
    """How far the mean of the last ``length`` of ``new`` values is from that of ``back`` values before them.

    Shapes:   ``series`` (items, time), the last ``new`` columns are new; nan is missing.
    ``year``  periods after which patterns may return: a move at about the same time of an earlier year
              is not drift. 0 if there is none.
    ``floor`` (items,) or one number: the smallest standard deviation of a move, for a past without any.
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
    past = _moved(windows, origins, new, length, back)
    usual, variance, told = _spread(past, origins, new)
    variance, freedom = moderated(variance, told, *_expected(*shorter))
    excess, known = size - usual, told
    if year:
        before = _moved(windows, np.arange(reference - year, back - 1, -year), new, length, back)
        excess = _beyond(size, usual, medians(before))
        yearly = _between_years(windows, origins, reference, (new, length, back), year)
        variance_yearly, freedom_yearly = moderated(yearly.variance, yearly.freedom, *_expected(*shorter))
        years = np.isfinite(before).sum(axis=1)
        better = (variance_yearly < variance) & (yearly.freedom >= FEWEST_WINDOWS) & (years > 0)
        excess = np.where(better, size - averages(before), excess)
        variance = np.where(better, variance_yearly, variance)
        freedom = np.where(better, freedom_yearly, freedom)
        told, known = np.where(better, yearly.freedom, told), np.where(better, years, told)
    with np.errstate(all="ignore"):
        deviation = np.sqrt(variance * (1 + 1 / known))  # the usual move is an estimate, too
        least = np.maximum(floor, ROUNDING * averages(np.abs(series)))
        ratio = np.abs(excess) / np.maximum(deviation, least)
        p = 2 * student_tail(ratio, np.maximum(freedom, 1))
    usable = (told >= FEWEST_WINDOWS) & np.isfinite(ratio)
    return Moves(np.where(usable, size, np.nan), np.where(usable, p, 1.0))


def inflation(series: Floats, new: int) -> tuple[Floats, Floats]:
    """How many values of ``series`` (items, time) are worth one independent value; from how many windows.

    The variance of the mean of ``new`` consecutive values, divided by that of independent values; (items,).

    Source: Bartlett weights, as in Newey and West (1987), here from overlapping windows.
    """
    windows = Windows(series)
    origins = _origins(0, windows.time, new)
    if len(origins) < 2:
        return np.full(len(series), float(new)), np.ones(len(series))
    _, between, told = _spread(windows.means(origins, new), origins, new)
    lengths = [max(new // part, 1) for part in (SHORTER, SHORTER**2)]
    shorter = [windows.means(_origins(0, windows.time, length), length) for length in lengths]
    between, freedom = moderated(between, told, *_expected(*(_variance(means)[1] for means in shorter)))
    within = _variance(series)[1]
    with np.errstate(all="ignore"):
        factor = new * between / within
    usable = np.isfinite(factor) & (told >= FEWEST_WINDOWS)
    return np.clip(np.where(usable, factor, new), 1.0, new), np.maximum(freedom, 1.0)


def loss_variance(series: Floats, new: int, back: int) -> tuple[Floats, Floats]:
    """The variance of the logarithm of the mean loss of ``new`` periods, (items,); its degrees of freedom.

    Measured with a simple forecast of every past window: the mean of the ``back`` values before it. What
    makes losses vary (bursts of noise, slow waves) affects better forecasts alike.
    """
    windows = Windows(series)
    found = []
    for part in (1, SHORTER):
        length, width = max(new // part, 1), max(back // part, 1)
        origins = _origins(width, windows.time, length)
        if len(origins) < 2:
            return np.full(len(series), np.nan), np.ones(len(series))
        levels = windows.means(origins - width, width)
        losses = [
            averages(np.abs(series[:, start : start + length] - levels[:, [number]]), nothing=np.nan)
            for number, start in enumerate(origins.tolist())
        ]
        with np.errstate(divide="ignore"):
            loss = np.log(np.stack(losses, axis=1))
        found.append(_spread(np.where(np.isfinite(loss), loss, np.nan), origins, length))
    (_, variance, told), (_, shorter, _) = found
    variance, freedom = moderated(variance, told, shorter / SHORTER, shorter)
    return np.where(told >= FEWEST_WINDOWS, variance, np.nan), np.maximum(freedom, 1.0)


def own_inflation(errors: Floats, time: int) -> Floats:
    """``inflation`` over ``time`` values, estimated from a few ``errors`` (items, points) alone; (items,).

    Errors are taken about zero: a constant bias counts as autocorrelation, too.

    Source: Newey and West (1987), Bartlett weights over a quarter of ``time``; or an AR(1) process, if
    larger.

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
        if lag <= 2:  # added noise lowers the estimate from lag 1 more than the one from lag 2
            chance = 2 / np.sqrt(known.shape[1]) if lag == 2 else 0.0
            again = np.maximum(again, np.where(alike > chance, np.maximum(alike, 0.0) ** (1 / lag), 0.0))
    return np.clip(np.maximum(1 + 2 * total, _of_ar1(np.minimum(again, 0.99), time)), 1.0, time)


def even_inflation(factor: Floats) -> Floats:
    """``inflation`` of the size of an error, or of its square, if that of the error is ``factor``.

    For a Gaussian AR(1) process: even functions have at most the square of its autocorrelation.

    >>> even_inflation(np.array([1.0, 19.0])).round(2)
    array([1.  , 9.53])
    """
    squared = ((factor - 1) / (factor + 1)) ** 2
    return (1 + squared) / (1 - squared)


def _of_ar1(again: Floats, time: int) -> Floats:
    """``inflation`` over ``time`` values of an AR(1) process with coefficient ``again`` (items,)."""
    return (1 + again) / (1 - again) - 2 * again * (1 - again**time) / (time * (1 - again) ** 2)


def _origins(first: int, stop: int, new: int) -> Integers:
    """Starts of windows of ``new`` values that end before ``stop``."""
    step = max(1, new // OVERLAP, (stop - new - first) // MOST_WINDOWS)
    return np.arange(first, stop - new + 1, step)


def _moved(windows: Windows, origins: Integers, new: int, length: int, back: int) -> Floats:
    """The moves (items, origins) when ``new`` values followed each origin."""
    return windows.means(origins + new - length, length) - windows.means(origins - back, back)


def _spread(past: Floats, origins: Integers, new: int) -> tuple[Floats, Floats, Floats]:
    """Mean and variance (items,) of past windows, and how many independent windows they are worth."""
    usual, variance = _variance(past)
    step = origins[1] - origins[0] if len(origins) > 1 else 1
    told = np.isfinite(past).sum(axis=1) * step / (APART * new)
    # Bessel's correction: few windows are too close to their own mean
    return usual, variance / np.maximum(1 - 1 / np.maximum(told, 1.0), 0.25), told


def _variance(values: Floats, about: float | None = None) -> tuple[Floats, Floats]:
    """Mean, or ``about``, and variance along the last axis; outliers are clipped, nan is ignored."""
    known = np.isfinite(values)
    middle = medians(values)[:, None] if about is None else np.full((len(values), 1), about)
    typical = MAD_TO_SIGMA * medians(np.abs(values - middle))[:, None]
    reach = np.where(typical > 0, FURTHEST * typical, np.inf)
    pulled = np.where(known, np.clip(values, middle - reach, middle + reach), 0.0)
    count = known.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = pulled.sum(axis=1) / count if about is None else middle[:, 0]
        return mean, (np.where(known, pulled - mean[:, None], 0.0) ** 2).sum(axis=1) / count


def _expected(shorter: Floats, shortest: Floats) -> tuple[Floats, ...]:
    """Predictors (items,) of a window's variance, from windows SHORTER and SHORTER**2 times shorter.

    First the larger of two extrapolations, then both: the variance grows, or shrinks, as it does between
    these two; or the series is noise and a random walk, whose variance is noise / length + walk * length.
    Then the two variances, and the square of the logarithm of their ratio: for noise the variance shrinks,
    for a random walk it grows late, for slow waves early.
    """
    walk = np.maximum(SHORTER * shorter - shortest, 0.0) / (SHORTER**2 - 1)
    noise = np.maximum(shortest - walk, 0.0)
    with np.errstate(all="ignore"):
        on, walked = shorter**2 / shortest, noise / SHORTER**2 + walk * SHORTER**2
        return np.maximum(on, walked), on, walked, shorter, shortest, np.exp(np.log(shorter / shortest) ** 2)


@dataclass(frozen=True)
class _Yearly:
    """``variance`` (items,) of a move about the mean of the moves at the same time of other years."""

    variance: Floats
    freedom: Floats


def _between_years(
    windows: Windows, origins: Integers, reference: int, spans: tuple[int, int, int], year: int
) -> _Yearly:
    """How moves vary about those at the same time of other years (one-way analysis of variance)."""
    new, length, back = spans
    step = origins[1] - origins[0] if len(origins) > 1 else 1
    first = origins[origins < back + year]
    deviations, weights = [], []
    for start in first:
        again = _moved(windows, np.arange(start, reference - new + 1, year), new, length, back)
        known = np.isfinite(again).sum(axis=1, keepdims=True)
        with np.errstate(all="ignore"):
            free = 1 - 1 / known
            deviations.append((again - averages(again)[:, None]) / np.sqrt(free))
        weights.append(np.where(known > 1, np.isfinite(again) * free, 0.0))
    deviation, weight = np.concatenate(deviations, axis=1), np.concatenate(weights, axis=1)
    variance = _variance(np.where(weight > 0, deviation, np.nan), about=0.0)[1]
    return _Yearly(variance, weight.sum(axis=1) * step / (APART * new))


def _beyond(size: Floats, usual: Floats, year_before: Floats) -> Floats:
    """The part of ``size`` outside the range from the usual move to that of a year before."""
    other = np.where(np.isfinite(year_before), year_before, usual)
    low, high = np.minimum(usual, other), np.maximum(usual, other)
    return np.where(size > high, size - high, np.where(size < low, size - low, 0.0))


def _running(values: Floats) -> Floats:
    return np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1)], axis=1)
