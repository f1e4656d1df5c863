"""The hour that clocks skip in spring: no row can have it, so it is not a gap to fill."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stepcast.engine.arrays import Integers
from stepcast.engine.calendar import moment_of, period_of, stamp_of
from stepcast.engine.frequency import Frequency
from stepcast.pipeline.importing.columns.zones import FIRST_YEAR, LAST_YEAR, changes_in

__all__ = ["ClockChanges", "Skipped", "comes_twice"]


# One zone for each rule of clock changes, the most populous first.
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Europe/London",
    "Europe/Athens",
    "Australia/Sydney",
    "Pacific/Auckland",
    "America/Mexico_City",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/Asuncion",
    "America/Havana",
    "Atlantic/Azores",
    "Asia/Jerusalem",
    "Asia/Beirut",
    "Asia/Tehran",
    "Africa/Cairo",
)
# Periods on both sides of a gap that all have rows: for a single gap, and for a recurring one.
ALONE, RECURRING = 48, 12


@dataclass(frozen=True)
class Skipped:
    """``periods`` that do not exist in ``zone``'s local time, including forecast periods, ascending."""

    zone: str
    periods: Integers

    def runs(self) -> Iterator[tuple[int, int]]:
        """First and number of consecutive periods."""
        breaks = np.flatnonzero(np.diff(self.periods) > 1) + 1
        for run in np.split(self.periods, breaks):
            if len(run):
                yield int(run[0]), len(run)


class ClockChanges:
    """Collects the periods of rows, and finds the clock changes without rows.

    ``zone`` is the one set in params.json, if any.
    """

    def __init__(self, frequency: Frequency, zone: str | None) -> None:
        self._frequency, self._zones = frequency, (zone,) if zone else ZONES
        self._named = zone is not None
        self._years, self._first = range(0), np.iinfo(np.int64).max
        self._watched, self._seen = np.empty(0, np.int64), np.empty(0, bool)

    def add(self, periods: Integers) -> None:
        if not self._frequency.has_time_of_day:
            return
        self._first = min(self._first, int(periods.min()))
        self._watch(periods)
        if not len(self._watched):
            return
        place = np.minimum(np.searchsorted(self._watched, periods), len(self._watched) - 1)
        self._seen[place[self._watched[place] == periods]] = True

    def skipped(self, frequency: Frequency, end: int, horizon: int) -> Skipped | None:
        """What one zone skips from the first row to ``horizon`` after ``end``; None if no zone fits.

        A zone fits if no row is in an hour that it skips, and there are rows all around one such hour. For
        the zone in params.json, only skipped hours that have rows are left out.
        """
        best: tuple[int, Skipped] | None = None
        for zone in self._zones if frequency.has_time_of_day else ():
            fits, periods = 0, [np.empty(0, np.int64)]
            for run in self._runs(zone, frequency, end + horizon):
                if self._has(run).any():
                    if self._named:
                        continue
                    break
                fits += 2 * (self._named or self._has_around(run, ALONE)) + self._has_around(run, RECURRING)
                periods.append(run)
            else:
                if fits >= 2 and fits > (best[0] if best else 0):
                    best = fits, Skipped(zone, np.concatenate(periods))
        return best[1] if best else None

    def _runs(self, zone: str, frequency: Frequency, last: int) -> Iterator[Integers]:
        """The periods of each skipped hour up to period ``last``, by their stamps."""
        final = int(moment_of(np.array([last + 1]), frequency).astype(np.int64)[0])
        for year in self._years:
            for begin, stop in _skipped_hours(zone, year):
                near = period_of(np.array([begin, stop - 1]).astype("datetime64[s]"), frequency)
                run = np.arange(near[0], near[1] + 1)
                stamps = stamp_of(run, frequency).astype(np.int64)
                run = run[(stamps >= begin) & (stamps < stop)]
                if len(run) and run[0] > self._first and begin < final:
                    yield run

    def _watch(self, periods: Integers) -> None:
        """Watch the clock changes of all years from the first to the last row, and of the next year."""
        edges = moment_of(np.array([periods.min(), periods.max()]), self._frequency)
        first, last = (edges.astype("datetime64[Y]").astype(np.int64) + 1970).tolist()
        first, last = max(first, FIRST_YEAR), min(last + 1, LAST_YEAR)
        if self._years:
            first, last = min(first, self._years.start), max(last, self._years.stop - 1)
        if range(first, last + 1) == self._years or last < first:
            return
        self._years = range(first, last + 1)
        hours = {hour for zone in self._zones for year in self._years for hour in _skipped_hours(zone, year)}
        runs = [self._periods_around(begin, stop) for begin, stop in hours]
        watched = np.unique(np.concatenate([np.empty(0, np.int64), *runs]))
        seen = np.isin(watched, self._watched[self._seen])
        self._watched, self._seen = watched, seen

    def _periods_around(self, begin: int, stop: int) -> Integers:
        first, last = period_of(np.array([begin, stop - 1]).astype("datetime64[s]"), self._frequency)
        return np.arange(first - ALONE, last + ALONE + 1)

    def _has_around(self, run: Integers, count: int) -> bool:
        sides = [run[0] - count + np.arange(count), run[-1] + 1 + np.arange(count)]
        return bool(self._has(np.concatenate(sides)).all())

    def _has(self, periods: Integers) -> NDArray[np.bool_]:
        """Which of the watched ``periods`` have a row."""
        return np.isin(periods, self._watched[self._seen])


def comes_twice(seconds: int, zone: str | None) -> str | None:
    """A zone (the given one, if any) in which a local time occurs twice; None if none is known."""
    year = int(np.datetime64(seconds, "s").astype("datetime64[Y]").astype(np.int64)) + 1970
    for name in (zone,) if zone else ZONES:
        for change in changes_in(name, year):
            if change.moment + change.after <= seconds < change.moment + change.before:
                return name
    return None


def _skipped_hours(zone: str, year: int) -> list[tuple[int, int]]:
    """Start and end of the local times that clocks skip in a year, in seconds since 1970."""
    changes = [change for change in changes_in(zone, year) if change.after > change.before]
    return [(change.moment + change.before, change.moment + change.after) for change in changes]
