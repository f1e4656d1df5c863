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
# Points held back may be as many times as large as those before; else they are judged with them.
LARGEST_STEP = 1_000.0


@dataclass(frozen=True)
class History:
    """``values`` (time,) finite and about one in size, ``known`` (time,) False where a gap was filled.

    ``exponent``   the series in its own units is ``values * 2**exponent``: a power of two changes no digit.
    ``end``        number of the last period, as in Panel.
    ``judged``     exponent and sign are those of the first so many points, and gaps among them are filled
                   from these points alone: nothing before ``judged`` tells what comes after.
    ``positive``   nothing observed in the judged points is zero or less.
    """

    values: Floats
    known: Flags
    exponent: int
    end: int
    frequency: Frequency
    judged: int
    positive: bool

    def __len__(self) -> int:
        return len(self.values)

    def before(self, cut: int) -> "History":
        """The first ``cut`` points, judged by themselves: nothing of what comes later is left in it."""
        raw = np.where(self.known[:cut], np.ldexp(self.values[:cut], self.exponent), np.nan)
        return history_of(raw, self.end - (len(self) - cut), self.frequency)


def history_of(values: Floats, end: int, frequency: Frequency, held_back: int = 0) -> History:
    """Read one series, oldest first; nan and infinite values are missing and filled along a straight line.

    Missing values before the first one are cut off; after the last one the last is held. Without any value
    the history is empty. The ``held_back`` last points are not judged, unless they are nearly all there is.
    """
    known = np.isfinite(values)
    if not known.any():
        nothing = np.empty(0)
        return History(nothing, nothing.astype(bool), 0, end, frequency, 0, False)
    begin = max(int(known.argmax()), len(values) - LONGEST)
    known = known[begin:]
    if not known.any():  # the last value is older than the longest history: it is all that is known
        known = np.array([True])
        values, begin = values[np.isfinite(values)][-1:], 0
    raw = values[begin:]
    size = np.where(known, np.abs(np.where(known, raw, 0.0)), 0.0)
    judged = len(known) - held_back
    if (
        judged < 1
        or not known[:judged].any()
        or size[judged:].max(initial=0.0) / LARGEST_STEP > size[:judged].max()
    ):
        judged = len(known)
    exponent = int(np.frexp(size[:judged].max())[1])
    scaled = np.ldexp(raw, -exponent)
    filled = scaled.copy()
    filled[:judged] = _filled(scaled[:judged], known[:judged])
    filled[judged:] = _filled(scaled, known)[judged:]
    positive = bool(raw[:judged][known[:judged]].min() > 0)
    return History(filled, known, exponent, end, frequency, judged, positive)


def _filled(values: Floats, known: Flags) -> Floats:
    if known.all():
        return values
    places = np.arange(len(values))
    result: Floats = np.interp(places, places[known], values[known])
    return result
