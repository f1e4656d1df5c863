"""The sizes of a network's windows: how far it sees, how far it forecasts."""

from dataclasses import dataclass
from typing import Literal

from stepcast.engine.frequency import SECONDS, Frequency
from stepcast.engine.seasonality import season_length, week_length

__all__ = ["Shape", "shape_of"]

LONGEST = 1_500  # a season of more periods is not looked back at
YEAR = 364  # in days: the same day of the week


@dataclass(frozen=True)
class Shape:
    """``context`` periods are seen, ``horizon`` are forecast.

    ``season``  what noise is measured over, ``recent`` the periods whose mean is a window's level.
    ``lags``    of each season (periods, how many seasons back).
    ``units``   a window's own: around its level, changes or counts as shares of their size; or the series'.
    ``largest`` what scaled values are clipped to.
    """

    context: int
    horizon: int
    season: int
    recent: int
    lags: tuple[tuple[int, int], ...]
    drifts: tuple[int, ...]
    units: Literal["level", "change", "size", "own"] = "level"
    largest: float = 20.0

    @property
    def candidates(self) -> int:
        """Forecasts of each period that the network mixes: lags and drifts."""
        return sum(count for _, count in self.lags) + len(self.drifts)

    @property
    def seen(self) -> int:
        """The periods before an origin that matter."""
        ahead = max(season * (-(-self.horizon // season) + count) for season, count in self.lags)
        within = self.context + max(season * count for season, count in self.lags)  # lags of the context, too
        return max(ahead, within, 1 + max(self.drifts))


def shape_of(
    frequency: Frequency,
    length: int,
    horizon: int,
    context: int,
    units: Literal["level", "change", "size", "own"] = "level",
) -> Shape:
    """For series of about ``length`` periods."""
    season = season_length(frequency)
    if season > LONGEST or 2 * season > length:
        season = 1
    lags = [(1, 1)]
    if season > 1:
        lags.append((season, 3))
    for longer in (week_length(frequency), _year(frequency)):
        if season < longer <= LONGEST and longer + horizon + season <= length:
            lags.append((longer, 2))  # noqa: PERF401  # with the one before it already there
    return Shape(
        context,
        horizon,
        season,
        max(season, min(horizon, context)),
        tuple(lags),
        (max(season, min(7, context - 1)), max(season, context // 2)),
        units,
    )


def _year(frequency: Frequency) -> int:
    if frequency.unit == "B":
        return 260
    if frequency.seconds == SECONDS["D"]:
        return YEAR
    return 0
