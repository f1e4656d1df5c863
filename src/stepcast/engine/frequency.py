"""How often a series is observed: ``H``, ``15min``, ``2W``... as Amazon Forecast writes it."""

import re
from dataclasses import dataclass
from typing import Literal

__all__ = ["LONGEST_SEASON", "Boundary", "Frequency", "Stamp"]

# The largest count of each unit: one more would overlap the next unit (60min is H, 12M is Y).
LARGEST_COUNT = {"min": 59, "H": 23, "D": 6, "W": 4, "M": 11, "Y": 1}
# A season of more periods than this does not justify one state a period: models would learn noise.
LONGEST_SEASON = 1_500
SECONDS = {
    "s": 1,
    "min": 60,
    "H": 3_600,
    "D": 86_400,
    "B": 120_960,  # a fifth of a week
    "W": 604_800,
    "M": 2_629_746,
    "Y": 31_556_952,
}


@dataclass(frozen=True)
class Boundary:
    """How much later than by the service's default a period begins: months, then days, then seconds.

    Months and years are moved by up to 27 days, which every month has; other units by their ``seconds``.

    Source: Amazon Forecast API, TimeAlignmentBoundary.
    """

    months: int = 0
    days: int = 0
    seconds: int = 0


@dataclass(frozen=True)
class Stamp:
    """The moment of a period that its rows are stamped with, counted from its beginning.

    ``months``   (of months and years) whole months, then
    ``day``      (of months and years) days, 0 to 30: where a month is shorter, its last one, so that 30 is
                 the last day of every month;
    ``seconds``  after that; all there is for other units.
    ``working``  takes the Friday before, or the Monday after, a day that falls on a weekend.
    """

    months: int = 0
    day: int = 0
    seconds: int = 0
    working: Literal["", "before", "after"] = ""


@dataclass(frozen=True)
class Frequency:
    """``count`` times ``unit``; months and years have no fixed length.

    The units of the service are those that ``parse`` reads. Seconds, ``s``, and days from Monday to Friday,
    ``B``, are the engine's own: it forecasts them, no params.json can ask for them.

    ``boundary`` is where periods begin, ``stamp`` how they are labelled: weeks from Monday may be stamped
    with their Fridays. Only the names of periods depend on ``stamp``, no forecast does.

    ``season`` is the number of periods in the only season, where somebody knows it; None is the calendar's.

    Source: Amazon Forecast API, FeaturizationConfig.ForecastFrequency.

    >>> Frequency.parse("15min") == Frequency(15, "min")
    True
    >>> str(Frequency.parse("1D"))
    'D'
    """

    count: int
    unit: str
    boundary: Boundary = Boundary()
    stamp: Stamp = Stamp()
    season: int | None = None

    @classmethod
    def parse(cls, text: str) -> "Frequency":
        """Read ``text``; the ValueError lists what is allowed.

        >>> Frequency.parse("60min")
        Traceback (most recent call last):
        ...
        ValueError: frequency '60min' is not allowed: min goes from 1 to 59 (60min overlaps the next unit)
        """
        match = re.fullmatch(r"(\d*)(min|H|D|W|M|Y)", text)
        if match is None:
            raise ValueError(
                f"frequency {text!r} is not allowed: write an integer and a unit, "
                "1-59 min, 1-23 H, 1-6 D, 1-4 W, 1-11 M or Y, for example 15min or D"
            )
        count, unit = int(match[1] or 1), match[2]
        if not 1 <= count <= LARGEST_COUNT[unit]:
            allowed = "is 1" if unit == "Y" else f"goes from 1 to {LARGEST_COUNT[unit]}"
            overlap = f" ({text} overlaps the next unit)" if count else ""
            raise ValueError(f"frequency {text!r} is not allowed: {unit} {allowed}{overlap}")
        return cls(count, unit)

    def __str__(self) -> str:
        return f"{self.count if self.count > 1 else ''}{self.unit}"

    @property
    def seconds(self) -> int:
        """The length of one period, for comparing frequencies; months and years count their mean length."""
        return self.count * SECONDS[self.unit]

    @property
    def months(self) -> int:
        """Months in a period; 0 for units that have no whole number of them."""
        return self.count * {"M": 1, "Y": 12}.get(self.unit, 0)

    @property
    def has_time_of_day(self) -> bool:
        """Whether timestamps need hours and minutes."""
        return self.unit in ("s", "min", "H")
