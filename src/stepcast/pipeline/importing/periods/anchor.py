"""The position of timestamps within their periods: the Friday of the week, the last day of the month..."""

from dataclasses import dataclass, replace

import numpy as np

from stepcast.engine.arrays import Integers
from stepcast.engine.calendar import moment_of, period_of
from stepcast.engine.frequency import SECONDS, Frequency, Stamp

__all__ = ["Agreement", "Anchor", "in_words", "span_in_words"]


AGREED = 0.9  # of the rows: the others are errors, or were moved by a holiday
MOST_PLACES = 1_000  # distinguished positions per period: with more, rows agree on none
SHORTEST, LONGEST = 28, 31  # days in a month
UNITS = ("d", "h", "min", "s")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class Agreement:
    """The ``stamp`` that ``share`` of the rows have; by default the beginning of the period."""

    stamp: Stamp
    share: float

    @property
    def reached(self) -> bool:
        return self.share >= AGREED


class Anchor:
    """Collects the timestamps of rows, and finds the position in the period on which they agree."""

    def __init__(self, frequency: Frequency) -> None:
        self._frequency = frequency
        self._rows = self._at_beginning = 0
        self._counts: dict[str, dict[int, int]] = {name: {} for name in ("months", "seconds")}
        # By length of the month, then day: rows.
        self._days = np.zeros((LONGEST - SHORTEST + 1, LONGEST), np.int64)
        self._working = {"before": 0, "after": 0}

    def add(self, seconds: Integers, periods: Integers) -> None:
        """Add moments in seconds since 1970, and their periods."""
        later = seconds - moment_of(periods, self._frequency).astype(np.int64)
        others = later != 0
        self._rows += len(seconds)
        self._at_beginning += len(seconds) - int(others.sum())
        if self._frequency.months == 0:
            self._count("seconds", *np.unique(later[others], return_counts=True))
            return
        begun, rows = np.unique(seconds[~others], return_counts=True)
        weekdays = np.is_busday(begun.astype("datetime64[s]").astype("datetime64[D]"))
        self._working["after"] += int(rows[weekdays].sum())
        if others.any():
            self._add_days(*np.unique(seconds[others], return_counts=True))

    def _add_days(self, seconds: Integers, rows: Integers) -> None:
        moments = seconds.astype("datetime64[s]")
        periods = period_of(moments, self._frequency)
        months, days = moments.astype("datetime64[M]"), moments.astype("datetime64[D]")
        begins = moment_of(periods, self._frequency).astype("datetime64[M]")
        self._count("months", (months - begins).astype(np.int64), rows)
        self._count("seconds", seconds - days.astype("datetime64[s]").astype(np.int64), rows)
        first, following = (m.astype("datetime64[D]") for m in (months, months + 1))
        lengths, day = (following - first).astype(np.int64), (days - first).astype(np.int64)
        np.add.at(self._days, (lengths - SHORTEST, day), rows)
        self._working["before"] += int(rows[days == np.busday_offset(following - 1, 0, "backward")].sum())
        self._working["after"] += int(rows[days == np.busday_offset(first, 0, "forward")].sum())

    def _count(self, name: str, places: Integers, rows: Integers) -> None:
        counts = self._counts[name]
        if len(counts) > MOST_PLACES:
            return
        for place, more in zip(places.tolist(), rows.tolist(), strict=True):
            counts[place] = counts.get(place, 0) + more

    def agreement(self) -> Agreement:
        """The position on which most rows agree."""
        found = [Agreement(Stamp(), self._share(self._at_beginning))]
        if self._rows > self._at_beginning:
            found.append(self._elsewhere())
        return max(found, key=lambda one: one.share)

    def frequency(self, asked: bool) -> Frequency:
        """The frequency with the stamp that the rows agree on.

        ``asked``  the user set the boundary: rows may only select one of several weeks or months.
        """
        agreed = self.agreement()
        if not agreed.reached or (asked and not self._whole_units(agreed.stamp)):
            return self._frequency
        return replace(self._frequency, stamp=agreed.stamp)

    def _elsewhere(self) -> Agreement:
        """The best stamp other than the beginning; its share is a lower bound."""
        if len(self._counts["seconds"]) > MOST_PLACES:
            return Agreement(Stamp(), 0)
        seconds, missed = self._most("seconds")
        if self._frequency.months == 0:
            return Agreement(Stamp(seconds=seconds), self._share(self._rows - missed))
        months, missed_months = self._most("months")
        stamp, missed_days = self._day()
        missed += missed_months + missed_days
        return Agreement(replace(stamp, months=months, seconds=seconds), self._share(self._rows - missed))

    def _most(self, name: str) -> tuple[int, int]:
        """The most frequent position, and the number of rows at others; position 0 is the beginning."""
        counts = dict(self._counts[name])
        counts[0] = counts.get(0, 0) + self._at_beginning
        place = max(counts, key=counts.__getitem__)
        return place, self._rows - counts[place]

    def _day(self) -> tuple[Stamp, int]:
        """The day that fits most rows, and the number of rows that it does not fit."""
        lengths = np.arange(SHORTEST, LONGEST + 1)
        fits = [
            int(self._days[lengths - SHORTEST, np.minimum(day, lengths - 1)].sum()) for day in range(LONGEST)
        ]
        fits[0] += self._at_beginning
        day = LONGEST - 1 - int(np.argmax(fits[::-1]))  # the latest if there are several: the last of a month
        stamp, most = Stamp(day=day), fits[day]
        for working, count in self._working.items():
            if count > most:
                edge = 30 if working == "before" else 0
                stamp, most = Stamp(day=edge, working=working), count  # type: ignore[arg-type]  # the two keys
        return stamp, self._rows - most

    def _whole_units(self, stamp: Stamp) -> bool:
        if self._frequency.months:
            return (stamp.day, stamp.seconds, stamp.working) == (0, 0, "")
        return stamp.seconds % SECONDS[self._frequency.unit] == 0

    def _share(self, rows: int) -> float:
        return rows / self._rows if self._rows else 0.0


def in_words(frequency: Frequency) -> str:
    """The position of timestamps, as readable text.

    >>> in_words(Frequency(1, "W", stamp=Stamp(seconds=4 * 86_400)))
    'on Friday'
    >>> in_words(Frequency(3, "M", stamp=Stamp(months=2, day=30)))
    'on the last day of month 3 of 3'
    """
    stamp, unit = frequency.stamp, frequency.unit
    days, rest = divmod(stamp.seconds, SECONDS["D"])
    clock = f" at {rest // 3600:02d}:{rest // 60 % 60:02d}" if rest else ""
    if unit in ("min", "H"):
        return f"{span_in_words(stamp.seconds)} after the beginning of each period"
    if unit == "D":
        return (f"on day {days + 1} of {frequency.count}" if frequency.count > 1 else "every day") + clock
    if unit == "W":
        days += frequency.boundary.days
        which = f" of week {days // 7 + 1} of {frequency.count}" if frequency.count > 1 else ""
        return f"on {WEEKDAYS[days % 7]}{which}{clock}"
    return _day_in_words(frequency) + clock


def _day_in_words(frequency: Frequency) -> str:
    stamp = frequency.stamp
    if stamp.day == LONGEST - 1:
        day = "the last day"
    else:
        day = f"day {stamp.day + frequency.boundary.days + 1}"
    if stamp.working:
        day = "the last working day" if stamp.working == "before" else "the first working day"
    if frequency.months == 1:
        return f"on {day} of the month"
    return f"on {day} of month {stamp.months + 1} of {frequency.months}"


def span_in_words(seconds: int) -> str:
    """A time span, as readable text.

    >>> span_in_words(90_000), span_in_words(900)
    ('1 d 1 h', '15 min')
    """
    parts = zip(
        (seconds // 86_400, seconds // 3_600 % 24, seconds // 60 % 60, seconds % 60), UNITS, strict=True
    )
    return " ".join(f"{count} {unit}" for count, unit in parts if count)
