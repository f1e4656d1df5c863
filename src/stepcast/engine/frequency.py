"""How often a series is observed: ``H``, ``15min``, ``2W``... as Amazon Forecast writes it."""

import re
from dataclasses import dataclass

__all__ = ["Frequency"]

# The largest count of each unit: one more would overlap the next unit (60min is H, 12M is Y).
LARGEST_COUNT = {"min": 59, "H": 23, "D": 6, "W": 4, "M": 11, "Y": 1}
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
class Frequency:
    """``count`` times ``unit``; months and years have no fixed length.

    The units of the service are those that ``parse`` reads. Seconds, ``s``, and days from Monday to Friday,
    ``B``, are the engine's own: it forecasts them, no params.json can ask for them.

    Source: Amazon Forecast API, FeaturizationConfig.ForecastFrequency.

    >>> Frequency.parse("15min")
    Frequency(count=15, unit='min')
    >>> str(Frequency.parse("1D"))
    'D'
    """

    count: int
    unit: str

    @classmethod
    def parse(cls, text: str) -> "Frequency":
        """Read ``text``; ValueError says what is allowed.

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
    def has_time_of_day(self) -> bool:
        """Whether timestamps need hours and minutes."""
        return self.unit in ("s", "min", "H")
