"""One series as the members see it: gaps filled, scaled to about one, with what its forecast must keep."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stepcast.engine.auto.context import Context, Reading
from stepcast.engine.frequency import Frequency
from stepcast.engine.panel import Panel
from stepcast.engine.seasonality import season_length

if TYPE_CHECKING:
    from stepcast.engine.auto.related_effects import Pool

__all__ = ["LONGEST", "History", "histories_of", "history_of"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# Members read at most this many of the latest points: their cost is bounded, and older ones no longer matter.
LONGEST = 25_000
# Points held back count as at most so many times as large as those before.
LARGEST_STEP = 1_000.0
ZEROS = 0.1  # share of zeros from which a series is intermittent


@dataclass(frozen=True)
class History:
    """``values`` (time,) finite and about one in size, ``known`` (time,) False where a gap was filled.

    ``exponent``   the series in its own units is ``values * 2**exponent``: a power of two changes no digit.
    ``end``        number of the last period, as in Panel.
    ``judged``     exponent and sign are those of the first so many points, and gaps among them are filled
                   from these points alone: nothing before ``judged`` tells what comes after.
    ``positive``   nothing observed in the judged points is zero or less.
    ``context``    what is known besides the values, aligned with them; None where nothing is.
    ``jumps``      what comes after the judged points is so large that it was cut off.
    ``memory``     effects of the calendar by how many points they were learned from: kept, for views only.
    """

    values: Floats
    known: Flags
    exponent: int
    end: int
    frequency: Frequency
    judged: int
    positive: bool
    context: Context | None = None
    jumps: bool = False
    memory: dict[int, Floats | None] = field(default_factory=dict, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.values)

    def with_pool(self, pool: "Pool | None") -> "History":
        """The same, told what the panel says of the effects of what is known besides."""
        return self if self.context is None else replace(self, context=replace(self.context, pool=pool))

    @property
    def counted(self) -> bool:
        """Nothing in the judged points is negative."""
        return bool(self.values[: self.judged].min(initial=0.0) >= 0)

    @property
    def intermittent(self) -> bool:
        """A tenth or more of the later half of the judged points is zero, and none is negative."""
        later = self.values[self.judged // 2 : self.judged]
        return self.counted and bool((later == 0).mean() >= ZEROS)

    @property
    def logs(self) -> Floats:
        """Logarithms of a positive history; what comes after the judged points is cut off at half of them."""
        logs: Floats = np.log(np.maximum(self.values, self.values[: self.judged].min(initial=1.0) / 2))
        return logs

    def before(self, cut: int) -> "History":
        """The first ``cut`` points, judged by themselves: nothing of what comes later is left in it."""
        raw = np.where(self.known[:cut], np.ldexp(self.values[:cut], self.exponent), np.nan)
        context = self.context and self.context.part(0, cut, len(self))
        return history_of(raw, self.end - (len(self) - cut), self.frequency, context)


def histories_of(
    panel: Panel, reading: Reading, horizon: int, before_end: int = 0, held_back: int = 0
) -> list[History]:
    """Every series of ``panel`` as it was known ``before_end`` periods before its end."""
    found = []
    for values, context in zip(panel.values, reading.contexts(panel, horizon), strict=True):
        cut = max(len(values) - before_end, 0)
        then = context and context.part(0, cut, len(values))
        end = panel.end - before_end
        found.append(history_of(values[:cut], end, panel.frequency, then, held_back))
    return found


def history_of(
    values: Floats, end: int, frequency: Frequency, context: Context | None = None, held_back: int = 0
) -> History:
    """Read one series, oldest first; nan and infinite values are missing and filled along a straight line.

    Missing values before the first one are cut off; after the last one the last season goes on, where that
    says more than the value before, and else the last is held. Without any value the history is empty.
    The ``held_back`` last points are not judged, unless nothing is known before.
    """
    known = np.isfinite(values)
    length = len(values)
    if not known.any():
        nothing = np.empty(0)
        context = context and context.part(length, length, length)
        return History(nothing, nothing.astype(bool), 0, end, frequency, 0, False, context)
    begin = max(int(known.argmax()), length - LONGEST)
    known = known[begin:]
    if not known.any():  # the last value is older than the longest history: it is all that is known
        known = np.array([True])
        context = context and context.part(length - 1, length, length)
        values, begin = values[np.isfinite(values)][-1:], 0
    else:
        context = context and context.part(begin, length, length)
    raw = values[begin:]
    size = np.where(known, np.abs(np.where(known, raw, 0.0)), 0.0)
    judged = len(known) - held_back
    if judged < 1 or not known[:judged].any():
        judged = len(known)
    exponent = int(np.frexp(size[:judged].max())[1])
    with np.errstate(over="ignore"):
        scaled = np.ldexp(raw, -exponent)
    jumps = bool((np.abs(scaled[judged:][known[judged:]]) > LARGEST_STEP).any())
    scaled[judged:] = np.clip(scaled[judged:], -LARGEST_STEP, LARGEST_STEP)
    filled = scaled.copy()
    season = season_length(frequency)
    filled[:judged] = _filled(scaled[:judged], known[:judged], season)
    filled[judged:] = _filled(scaled, known, season)[judged:]
    positive = bool(raw[:judged][known[:judged]].min() > 0)
    return History(filled, known, exponent, end, frequency, judged, positive, context, jumps)


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
    """Whether values are nearer to those of a season before than to the last ones; a season must say so."""
    if not 1 < season < len(values):
        return False
    pairs = known[season:] & known[:-season]
    steps = known[1:] & known[:-1]
    if pairs.sum() < season or not steps.any():
        return False
    far, near = np.abs(values[season:] - values[:-season]), np.abs(np.diff(values))
    return bool(far[pairs].mean() < near[steps].mean())
