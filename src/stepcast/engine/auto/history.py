"""One series as the members see it: gaps filled, scaled to about one, with what its forecast must keep."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stepcast.engine.frequency import Frequency

__all__ = ["LONGEST", "History", "history_of"]

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
    """

    values: Floats
    known: Flags
    exponent: int
    end: int
    frequency: Frequency
    positive: bool
    counted: bool
    whole: bool

    def __len__(self) -> int:
        return len(self.values)

    def before(self, cut: int) -> "History":
        """The first ``cut`` points, judged by themselves: nothing of what comes later is left in it."""
        raw = np.where(self.known[:cut], np.ldexp(self.values[:cut], self.exponent), np.nan)
        return history_of(raw, self.end - (len(self) - cut), self.frequency)


def history_of(values: Floats, end: int, frequency: Frequency) -> History:
    """Read one series, oldest first; nan and infinite values are missing and filled along a straight line.

    Missing values before the first one are cut off; after the last one the last is held. Without any value
    the history is empty.
    """
    known = np.isfinite(values)
    if not known.any():
        nothing = np.empty(0)
        return History(nothing, nothing.astype(bool), 0, end, frequency, False, True, False)
    begin = max(int(known.argmax()), len(values) - LONGEST)
    known = known[begin:]
    if not known.any():  # the last value is older than the longest history: it is all that is known
        known = np.array([True])
        values, begin = values[np.isfinite(values)][-1:], 0
    seen = values[begin:][known]
    exponent = int(np.frexp(np.max(np.abs(seen)))[1])
    scaled = np.ldexp(seen, -exponent)
    places = np.arange(len(known))
    filled = scaled if known.all() else np.interp(places, places[known], scaled)
    smallest = float(seen.min())
    whole = bool(np.all(seen == np.rint(seen)))
    return History(filled, known, exponent, end, frequency, smallest > 0, smallest >= 0, whole)
