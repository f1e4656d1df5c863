"""Which seasons a series of this frequency and length can have, from the shortest to the year."""

from dataclasses import dataclass

from stepcast.engine.frequency import Frequency
from stepcast.engine.seasonality import season_length, week_length

__all__ = ["Seasons", "seasons_of"]

# A season of more periods than this does not justify one state a period: the members would learn noise.
LONGEST_SEASON = 1_500


@dataclass(frozen=True)
class Seasons:
    """``short`` the season, ``long`` the one behind it (the week behind the day); 1 and 0 without."""

    short: int
    long: int


def seasons_of(frequency: Frequency, length: int, horizon: int) -> Seasons:
    """Seasons that ``length`` periods hold at least twice; the longer one must leave room for a horizon.

    >>> seasons_of(Frequency.parse("H"), 1000, 48)
    Seasons(short=24, long=168)
    >>> seasons_of(Frequency.parse("H"), 100, 48)
    Seasons(short=24, long=0)
    >>> seasons_of(Frequency.parse("Y"), 100, 6)
    Seasons(short=1, long=0)
    """
    short, long = season_length(frequency), week_length(frequency)
    if long > LONGEST_SEASON or length < 2 * long + horizon:
        long = 0
    if short > LONGEST_SEASON or length < 2 * short + 2:
        return Seasons(1, 0)
    return Seasons(short, long)
