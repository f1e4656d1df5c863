"""One series as the members see it: gaps filled, scaled to about one, with what its forecast must keep."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from stepcast.engine.arrays import Flags, Floats
from stepcast.engine.auto.series.covariates import CovariateEncoder, Covariates
from stepcast.engine.auto.series.pooled_effects import PooledEffects
from stepcast.engine.frequency import Frequency
from stepcast.engine.panel import Panel
from stepcast.engine.seasonality import season_length

__all__ = ["LONGEST", "History", "has_zeros", "histories_of", "history_of"]


# Members read at most this many of the latest points: their cost is bounded, and older ones no longer matter.
LONGEST = 25_000
# Points held back count as at most so many times as large as those before.
LARGEST_STEP = 1_000.0
ZEROS = 0.1  # share of zeros from which values are intermittent, and counts are best forecast as such


@dataclass(frozen=True)
class History:
    """``values`` (time,) finite and about one in size, ``known`` (time,) False where a gap was filled.

    ``exponent``   the series in its own units is ``values * 2**exponent``: a power of two changes no digit.
    ``end``        number of the last period, as in Panel.
    ``fit_until``  exponent and sign are those of the first so many points, and gaps among them are filled
                   from these points alone: nothing before ``fit_until`` depends on what comes after.
    ``positive``   nothing observed before ``fit_until`` is zero or less.
    ``covariates`` aligned with the values; None where there are none.
    ``clipped``    what comes after ``fit_until`` is so large that it was cut off.
    """

    values: Floats
    known: Flags
    exponent: int
    end: int
    frequency: Frequency
    fit_until: int
    positive: bool
    covariates: Covariates | None = None
    clipped: bool = False

    def __len__(self) -> int:
        return len(self.values)

    def with_pooled(self, pooled_effects: PooledEffects | None) -> "History":
        """The same, with the covariates' effects pooled over the panel."""
        return (
            self
            if self.covariates is None
            else replace(self, covariates=replace(self.covariates, pooled_effects=pooled_effects))
        )

    @property
    def non_negative(self) -> bool:
        """Nothing before ``fit_until`` is negative."""
        return bool(self.values[: self.fit_until].min(initial=0.0) >= 0)

    @property
    def intermittent(self) -> bool:
        """Nothing before ``fit_until`` is negative, and it has zeros as ``has_zeros`` counts them."""
        return self.non_negative and has_zeros(self.values[: self.fit_until])

    @cached_property
    def logs(self) -> Floats:
        """Logarithms of a positive history; what comes after ``fit_until`` is cut off at half of them."""
        logs: Floats = np.log(np.maximum(self.values, self.values[: self.fit_until].min(initial=1.0) / 2))
        return logs

    @property
    def silent(self) -> int:
        """How many periods follow the last value that was observed."""
        return int(self.known[::-1].argmax()) if len(self) else 0

    def to_last_value(self, further: int = 0) -> "History":
        """Without what was filled in after the last value; covariates reach ``further`` than the horizon."""
        if not (silent := self.silent):
            return self
        cut = len(self) - silent
        covariates = self.covariates
        if covariates is not None:
            covariates = replace(covariates, ahead=covariates.ahead + further).part(0, cut, len(self))
        reserved = max(len(self) - self.fit_until - silent, 0)
        return history_of(self._raw(cut), self.end - silent, self.frequency, covariates, reserved)

    def before(self, cut: int) -> "History":
        """The first ``cut`` points, read by themselves: nothing of what comes later is left in it."""
        covariates = self.covariates and self.covariates.part(0, cut, len(self))
        return history_of(self._raw(cut), self.end - (len(self) - cut), self.frequency, covariates)

    def _raw(self, cut: int) -> Floats:
        """The first ``cut`` values in the series' own units, nan where none was observed."""
        return np.where(self.known[:cut], np.ldexp(self.values[:cut], self.exponent), np.nan)


def has_zeros(values: Floats) -> bool:
    """Whether a tenth or more of the later half of ``values`` (time,) is zero.

    A count of everything so far has its zeros at the beginning.
    """
    return bool((values[len(values) // 2 :] == 0).mean() >= ZEROS)


def histories_of(
    panel: Panel, encoder: CovariateEncoder, horizon: int, before_end: int = 0, reserved: int = 0
) -> list[History]:
    """Every series of ``panel`` as it was known ``before_end`` periods before its end."""
    found = []
    for values, covariates in zip(panel.values, encoder.encode(panel, horizon), strict=True):
        cut = max(len(values) - before_end, 0)
        then = covariates and covariates.part(0, cut, len(values))
        end = panel.end - before_end
        found.append(history_of(values[:cut], end, panel.frequency, then, reserved))
    return found


def history_of(
    values: Floats, end: int, frequency: Frequency, covariates: Covariates | None = None, reserved: int = 0
) -> History:
    """Read one series, oldest first; nan and infinite values are missing and filled along a straight line.

    Missing values before the first one are cut off. After the last one the last season is repeated where that
    predicts better, else the last value. Without any value the history is empty.
    The ``reserved`` last points come after ``fit_until``, unless nothing is known before.
    """
    known = np.isfinite(values)
    length = len(values)
    if not known.any():
        nothing = np.empty(0)
        covariates = covariates and covariates.part(length, length, length)
        return History(nothing, nothing.astype(bool), 0, end, frequency, 0, False, covariates)
    begin = max(int(known.argmax()), length - LONGEST)
    known = known[begin:]
    if not known.any():  # the last value is older than the longest history: it is all that is known
        known = np.array([True])
        covariates = covariates and covariates.part(length - 1, length, length)
        values, begin = values[np.isfinite(values)][-1:], 0
    else:
        covariates = covariates and covariates.part(begin, length, length)
    raw = values[begin:]
    size = np.where(known, np.abs(np.where(known, raw, 0.0)), 0.0)
    fit_until = len(known) - reserved
    if fit_until < 1 or not known[:fit_until].any():
        fit_until = len(known)
    exponent = int(np.frexp(size[:fit_until].max())[1])
    with np.errstate(over="ignore"):
        scaled = np.ldexp(raw, -exponent)
    clipped = bool((np.abs(scaled[fit_until:][known[fit_until:]]) > LARGEST_STEP).any())
    scaled[fit_until:] = np.clip(scaled[fit_until:], -LARGEST_STEP, LARGEST_STEP)
    filled = scaled.copy()
    season = season_length(frequency)
    filled[:fit_until] = _filled(scaled[:fit_until], known[:fit_until], season)
    filled[fit_until:] = _filled(scaled, known, season)[fit_until:]
    positive = bool(raw[:fit_until][known[:fit_until]].min() > 0)
    return History(filled, known, exponent, end, frequency, fit_until, positive, covariates, clipped)


def _filled(values: Floats, known: Flags, season: int) -> Floats:
    if known.all():
        return values
    places = np.arange(len(values))
    result: Floats = np.interp(places, places[known], values[known])
    if not known[-1]:
        end = int(places[known][-1]) + 1
        if _season_tells_more(values[:end], known[:end], season):
            result[end:] = np.resize(result[end - season : end], len(values) - end)
    return result


def _season_tells_more(values: Floats, known: Flags, season: int) -> bool:
    """Whether values are nearer to those of a season before than to the last ones, over a season at least."""
    if not 1 < season < len(values):
        return False
    pairs = known[season:] & known[:-season]
    steps = known[1:] & known[:-1]
    if pairs.sum() < season or not steps.any():
        return False
    far, near = np.abs(values[season:] - values[:-season]), np.abs(np.diff(values))
    return bool(far[pairs].mean() < near[steps].mean())
