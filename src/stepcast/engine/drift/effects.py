"""Whether a feature still has its effect on the target: its slope in the new periods and in the past."""

from dataclasses import dataclass, fields

import numpy as np

from stepcast.engine.arrays import Flags, Floats
from stepcast.engine.drift.deseasonalized import without_year
from stepcast.engine.drift.moderation import moderated
from stepcast.engine.drift.tails import student_tail
from stepcast.engine.drift.windows import FURTHEST, MAD_TO_SIGMA, ROUNDING, averages, medians, quantiles

__all__ = ["Effect", "effect_of", "unexplained"]

FEWEST_WINDOWS = 3  # of the past
MOST_WINDOWS = 40  # only the latest: an effect of long ago says little
STRONGEST = 0.99  # largest autocorrelation that is filtered out
SURE = 4.0  # standard errors; a slope further from zero is taken as certain
FEWEST_PAIRS = 12  # of values per window


@dataclass(frozen=True)
class Effect:
    """The effect of a feature on a target: all (items,).

    ``usual``   the slope in the past; ``error``, its standard error; nan if the past is too short.
    ``change``  the slope in the new periods minus the usual one; nan if unknown.
    ``p``       the p-value of the change; 1 if unknown.
    """

    usual: Floats
    error: Floats
    change: Floats
    p: Floats


def effect_of(target: Floats, feature: Floats, new: int, year: int = 0) -> Effect:
    """The slope of ``target`` on ``feature`` in the past, and how it changed in the new periods.

    Both are deseasonalized (items, time); the last ``new`` columns are new. Both are filtered with the
    target's autocorrelation first, so that two slow waves are not mistaken for an effect, and the target's
    pattern of each ``year`` is removed if that leaves less noise. The slope in the new periods is compared
    with those in past windows of the same length, each in units of its standard error.

    Source: Cochrane and Orcutt (1949), Application of Least Squares Regression to Relationships Containing
    Auto-Correlated Error Terms; Chow (1960) for the comparison, here with windows of the past as the measure.
    """
    plain = _Slopes.of(target, feature, new)
    if plain is None:
        unknown = np.full(len(target), np.nan)
        return Effect(unknown, unknown, unknown, np.ones(len(target)))
    effect = plain.compared()
    if not year:
        return effect
    slopes = _Slopes.of(without_year(target, new, year), feature, new) or plain
    yearly = slopes.compared()
    calmer = (slopes.noise < plain.noise) & np.isfinite(yearly.change)
    pairs = ((getattr(yearly, one.name), getattr(effect, one.name)) for one in fields(Effect))
    return Effect(*(np.where(calmer, one, other) for one, other in pairs))


def unexplained(target: Floats, feature: Floats, effect: Effect, new: int) -> Floats:
    """``target`` minus the usual effect of ``feature``, if the slope is SURE standard errors from zero.

    Values of the feature outside its past range are clipped to it: the effect beyond is unknown.
    """
    past = feature[:, : feature.shape[1] - new]
    middle, low, high = (quantiles(past, share)[:, None] for share in (0.5, 0.0, 1.0))
    moved = np.clip(np.where(np.isfinite(feature), feature, middle), low, high) - middle
    with np.errstate(invalid="ignore"):
        sure = np.abs(effect.usual) > SURE * effect.error
    left: Floats = target - np.where(sure, effect.usual, 0.0)[:, None] * np.nan_to_num(moved)
    return left


@dataclass(frozen=True)
class _Slopes:
    """Slopes by window (items, windows), the new one last; ``unit`` holds their standard errors.

    ``usual``  (items,) slope of the past; ``noise``, its residual variance; ``error``, its standard error.
    ``worth``  (items,) the effective number of independent pairs in the new periods.
    """

    slope: Floats
    unit: Floats
    usual: Floats
    noise: Floats
    error: Floats
    worth: Floats

    @classmethod
    def of(cls, target: Floats, feature: Floats, new: int) -> "_Slopes | None":
        items, time = target.shape
        count = min((time - new - 1) // new, MOST_WINDOWS)
        if count < FEWEST_WINDOWS:
            return None
        again = _autocorrelation(target[:, : time - new])[:, None]
        used = slice(time - (count + 1) * new - 1, time)
        y, x = (
            _less_the_last(one[:, used], again).reshape(items, count + 1, new) for one in (target, feature)
        )
        both = np.isfinite(y) & np.isfinite(x)
        y, x = (np.where(both, one - _means(one, both), 0.0) for one in (_clipped(y), x))
        pairs, power = both.sum(axis=2), (x * x).sum(axis=2)
        least = (ROUNDING * averages(np.abs(feature))) ** 2
        usable = (pairs >= FEWEST_PAIRS) & (power > pairs * least[:, None])
        with np.errstate(all="ignore"):
            slope = np.where(usable, (x * y).sum(axis=2) / power, np.nan)
            past = np.where(usable, power, 0.0)[:, :-1]
            total = past.sum(axis=1)
            usual = np.nansum(slope[:, :-1] * past, axis=1) / total
            left = np.where(both, y - usual[:, None, None] * x, np.nan)[:, :-1].reshape(items, -1)
            noise = averages(left**2)
            unit = noise[:, None] / power
            now, worth = _left_now(y[:, -1], x[:, -1], both[:, -1], slope[:, -1])
            unit[:, -1] = np.maximum(noise, now) * pairs[:, -1] / worth / power[:, -1]
            return cls(slope, np.sqrt(unit), usual, noise, np.sqrt(noise / total), worth)

    def compared(self) -> Effect:
        with np.errstate(all="ignore"):
            apart = (self.slope[:, :-1] - self.usual[:, None]) / self.unit[:, :-1]
        told = np.isfinite(apart).sum(axis=1)
        freedom = np.maximum(told - 1.0, 0.0)
        variance = np.nansum(apart**2, axis=1) / np.maximum(freedom, 1)
        variance, freedom = moderated(variance, freedom, np.ones(len(told)))
        with np.errstate(all="ignore"):
            change = self.slope[:, -1] - self.usual
            deviation = np.sqrt(np.maximum(variance, 1.0) * (self.unit[:, -1] ** 2 + self.error**2))
            p = 2 * student_tail(
                np.abs(change) / deviation, np.clip(freedom, 1, np.maximum(self.worth - 2, 1))
            )
        tested = (told >= FEWEST_WINDOWS) & np.isfinite(p)
        return Effect(self.usual, self.error, np.where(tested, change, np.nan), np.where(tested, p, 1.0))


def _autocorrelation(series: Floats) -> Floats:
    """Lag-1 autocorrelation (items,) about a moving level, from differences at lags 1 and 2.

    Var(x[t+2] - x[t]) / Var(x[t+1] - x[t]) is 1 + the coefficient of an AR(1) process.
    """
    with np.errstate(all="ignore"):
        one, two = (medians((series[:, lag:] - series[:, :-lag]) ** 2) for lag in (1, 2))
        again = two / one - 1
    return np.clip(np.where(np.isfinite(again), again, 0.0), 0.0, STRONGEST)


def _less_the_last(series: Floats, again: Floats) -> Floats:
    return series[:, 1:] - again * series[:, :-1]


def _left_now(y: Floats, x: Floats, both: Flags, slope: Floats) -> tuple[Floats, Floats]:
    """The residual variance of the new slope, (items,), and the effective number of independent pairs.

    ``y``, ``x`` and ``both`` are (items, new). After a jump of the level, residuals are large and
    autocorrelated.

    Source: Bartlett (1935), Some Aspects of the Time-Correlation Problem in Regard to Tests of Significance.
    """
    left = np.where(both, y - slope[:, None] * x, 0.0)
    lasting = np.clip(_after_each_other(left), 0.0, STRONGEST) * np.clip(_after_each_other(x), 0.0, STRONGEST)
    pairs = both.sum(axis=1)
    return (left**2).sum(axis=1) / np.maximum(pairs - 2, 1), pairs * (1 - lasting) / (1 + lasting)


def _after_each_other(values: Floats) -> Floats:
    """The lag-1 autocorrelation (items,) of values about zero."""
    square = (values**2).sum(axis=1)
    product = (values[:, 1:] * values[:, :-1]).sum(axis=1)
    again: Floats = np.divide(product, square, out=np.zeros(len(values)), where=square > 0)
    return again


def _clipped(values: Floats) -> Floats:
    """Clip values far outside the spread of the past, which would distort a slope."""
    past = values[:, :-1].reshape(len(values), -1)
    middle = medians(past)[:, None, None]
    typical = MAD_TO_SIGMA * medians(np.abs(past - middle[..., 0]))[:, None, None]
    reach = np.where(typical > 0, FURTHEST * typical, np.inf)
    clipped: Floats = np.clip(values, middle - reach, middle + reach)
    return clipped


def _means(values: Floats, both: Flags) -> Floats:
    count = np.maximum(both.sum(axis=2, keepdims=True), 1)
    mean: Floats = np.where(both, values, 0.0).sum(axis=2, keepdims=True) / count
    return mean
