"""One series as the members see it: gaps filled, scaled to about one, with what its forecast must keep."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stepcast.engine.auto.context import Context, Reading
from stepcast.engine.frequency import Frequency
from stepcast.engine.panel import Panel

if TYPE_CHECKING:
    from stepcast.engine.auto.related_effects import Pool

__all__ = ["LONGEST", "History", "histories_of", "history_of"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# Members read at most this many of the latest points: their cost is bounded, and older ones no longer matter.
LONGEST = 25_000


@dataclass(frozen=True)
class History:
    """``values`` (time,) finite and at most one in size, ``known`` (time,) False where a gap was filled.

    ``exponent``   the series in its own units is ``values * 2**exponent``: a power of two changes no digit.
    ``end``        number of the last period, as in Panel.
    ``positive``   nothing observed is zero or less; ``counted``: nothing observed is negative.
    ``whole``      every observed value is a whole number in the units of the series.
    ``context``    what is known besides the values, aligned with them; None where nothing is.
    """

    values: Floats
    known: Flags
    exponent: int
    end: int
    frequency: Frequency
    positive: bool
    counted: bool
    whole: bool
    context: Context | None = None

    def __len__(self) -> int:
        return len(self.values)

    def with_pool(self, pool: "Pool | None") -> "History":
        """The same, told what the panel says of the effects of what is known besides."""
        return self if self.context is None else replace(self, context=replace(self.context, pool=pool))

    def before(self, cut: int) -> "History":
        """The first ``cut`` points, judged by themselves: nothing of what comes later is left in it."""
        raw = np.where(self.known[:cut], np.ldexp(self.values[:cut], self.exponent), np.nan)
        context = self.context and self.context.part(0, cut, len(self))
        return history_of(raw, self.end - (len(self) - cut), self.frequency, context)


def histories_of(panel: Panel, reading: Reading, horizon: int, before_end: int = 0) -> list[History]:
    """Every series of ``panel`` as it was known ``before_end`` periods before its end."""
    found = []
    for values, context in zip(panel.values, reading.contexts(panel, horizon), strict=True):
        cut = max(len(values) - before_end, 0)
        then = context and context.part(0, cut, len(values))
        found.append(history_of(values[:cut], panel.end - before_end, panel.frequency, then))
    return found


def history_of(values: Floats, end: int, frequency: Frequency, context: Context | None = None) -> History:
    """Read one series, oldest first; nan and infinite values are missing and filled along a straight line.

    Missing values before the first one are cut off; after the last one the last is held. Without any value
    the history is empty.
    """
    known = np.isfinite(values)
    length = len(values)
    if not known.any():
        nothing = np.empty(0)
        context = context and context.part(length, length, length)
        return History(nothing, nothing.astype(bool), 0, end, frequency, False, True, False, context)
    begin = max(int(known.argmax()), length - LONGEST)
    known = known[begin:]
    if not known.any():  # the last value is older than the longest history: it is all that is known
        known = np.array([True])
        context = context and context.part(length - 1, length, length)
        values, begin = values[np.isfinite(values)][-1:], 0
    else:
        context = context and context.part(begin, length, length)
    seen = values[begin:][known]
    exponent = int(np.frexp(np.max(np.abs(seen)))[1])
    scaled = np.ldexp(seen, -exponent)
    places = np.arange(len(known))
    filled = scaled if known.all() else np.interp(places, places[known], scaled)
    smallest = float(seen.min())
    whole = bool(np.all(seen == np.rint(seen)))
    return History(filled, known, exponent, end, frequency, smallest > 0, smallest >= 0, whole, context)
