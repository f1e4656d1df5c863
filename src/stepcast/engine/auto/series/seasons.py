"""Which seasons a series of this frequency and length can have, from the shortest to the year."""

from dataclasses import dataclass

from stepcast.engine.frequency import LONGEST_SEASON, Frequency
from stepcast.engine.seasonality import season_length, week_length

__all__ = ["Seasons", "seasons_of"]

DAY = 86_400  # seconds
SLOTS = 336  # of a far cycle: half an hour of a week, of which the values count together


@dataclass(frozen=True)
class Seasons:
    """``short`` the season, ``long`` the one behind it (the week behind the day); 1 and 0 without.

    ``cycle``  the week, or the day of seconds, whose usual course is a profile: it may have more periods than
               LONGEST_SEASON. 0 where it is not known, and for years, in which levels move.
    """

    short: int
    long: int
    cycle: int = 0

    @property
    def far(self) -> int:
        """The cycle if it has more periods than LONGEST_SEASON, else 0."""
        return self.cycle if self.cycle > LONGEST_SEASON else 0

    @property
    def slot(self) -> int:
        """How many neighbouring periods of the cycle count together: 1 unless it is far."""
        return max(1, self.far // SLOTS)


def seasons_of(frequency: Frequency, length: int, horizon: int) -> Seasons:
    """Seasons that ``length`` periods hold at least twice; the longer one must leave room for a horizon.

    >>> seasons_of(Frequency.parse("H"), 1000, 48)
    Seasons(short=24, long=168, cycle=168)
    >>> seasons_of(Frequency.parse("H"), 100, 48)
    Seasons(short=24, long=0, cycle=0)
    >>> seasons_of(Frequency.parse("Y"), 100, 6)
    Seasons(short=1, long=0, cycle=0)
    >>> seasons_of(Frequency.parse("5min"), 10_000, 288)
    Seasons(short=288, long=0, cycle=2016)
    """
    short, long, far = season_length(frequency), week_length(frequency), _far_cycle(frequency, length)
    if long > LONGEST_SEASON or length < 2 * long + horizon:
        long = 0
    if short > LONGEST_SEASON or length < 2 * short + 2:
        return Seasons(1, 0, far)
    return Seasons(short, long, long or far or (short if _profiled(frequency) else 0))


def _profiled(frequency: Frequency) -> bool:
    """Whether many cycles of the season make a profile: of years they do not."""
    return frequency.unit in ("D", "B") or (frequency.season or 0) > 1


def _far_cycle(frequency: Frequency, length: int) -> int:
    """The week, or else the day, where it has more than LONGEST_SEASON periods and ``length`` holds it twice;
    0 without."""
    if frequency.unit not in ("s", "min", "H") or DAY % frequency.seconds or frequency.season is not None:
        return 0
    day = DAY // frequency.seconds
    return next((cycle for cycle in (7 * day, day) if LONGEST_SEASON < cycle <= length // 2), 0)
