"""Rolling-origin cross-validation of one series: its members' forecasts from past origins, and what came."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.auto.members.members import Members, Request, forecast_members, parameters_of
from stepcast.engine.auto.members.ridge import Ridge
from stepcast.engine.auto.members.smoothing import Fitted
from stepcast.engine.auto.series.history import History
from stepcast.engine.auto.series.origins import origins_of
from stepcast.engine.auto.series.seasons import Seasons, seasons_of
from stepcast.engine.auto.transforms.calendar_effects import year_length

__all__ = ["CrossValidation", "back_span", "cross_validate"]


# Up to this many points the last horizon is a good part of what parameters are learned from.
WORTH_FITTING_AGAIN = 300


@dataclass(frozen=True)
class CrossValidation:
    """``forecasts`` (members, origins, horizon) and ``actual`` (origins, horizon), nan where not known yet.

    The last origin is the end of the history: nothing is known of it. ``window`` is the place of the origin
    whose horizon is the last one known, if nothing it is forecast from has seen that horizon; else None.
    ``values`` of the history, nan where not known; ``in_sample`` if parameters were fitted to all that
    the origins forecast, because there is nothing else. ``parameters`` are those that forecast the end;
    those that forecast the origins were fitted to the first ``fitted`` points, 0 if none were.
    """

    seasons: Seasons
    names: tuple[str, ...]
    origins: Integers
    forecasts: Floats
    actual: Floats
    window: int | None
    values: Floats = field(default_factory=lambda: np.empty(0))
    in_sample: bool = False
    parameters: Mapping[str, Fitted] = field(default_factory=dict)
    fitted: int = 0

    @cached_property
    def optimism(self) -> Floats:
        """By what factor each member's errors (members,) are larger ahead than where it was fitted.

        Source:  final prediction error, Akaike (1970): squared errors of n points by k numbers fitted to them
                 are too small by (n - k) / (n + k).
        """
        if not self.fitted:
            return np.ones(len(self.names))
        numbers = np.array([parameters_of(name) for name in self.names])
        few = np.minimum(numbers, self.fitted / 2)
        factors: Floats = np.sqrt((self.fitted + few) / (self.fitted - few))
        return factors

    @cached_property
    def step(self) -> float:
        """How far apart the origins usually are."""
        return max(1.0, float(np.median(np.diff(self.origins)))) if len(self.origins) > 1 else 1.0


def back_span(length: int, horizon: int, seasons: Seasons, year: int, count: int) -> int:
    """How many of the last points the origins lie in: global members are fitted to what is before them."""
    origins = origins_of(length, horizon, seasons, year, count)
    return max(length - int(origins[0]), horizon) if len(origins) else length


def cross_validate(
    history: History,
    horizon: int,
    count: int,
    before: dict[str, Ridge],
    after: dict[str, Ridge],
    quick: bool = False,
    horizons: int = 1,
) -> CrossValidation:
    """Forecast ``history`` from at most ``count`` past origins, ``horizons`` back or more, and from its end.

    Past origins are forecast by parameters that have not seen the last horizon, by the ridges ``before``, and
    by effects of the calendar learned before the first of them; the end by effects of all there is, by
    ``after`` and, where the history is short, by parameters of all there is. With ``quick`` few members run.
    """
    length = len(history)
    seasons = seasons_of(history.frequency, length, horizon)
    origins = origins_of(length, horizon, seasons, year_length(history.frequency), count, horizons)
    warm = max(2 * seasons.short, 2 * seasons.long, 4)
    fitted = max(min(history.fit_until, length - horizon), min(length, warm))

    def from_end(known: dict[str, Fitted]) -> Members:
        end = np.array([length])
        return forecast_members(
            Request(history, seasons, end, length, length, horizon, ridges=after, quick=quick, known=known)
        )

    known: dict[str, Fitted] = {}
    values = np.where(history.known, history.values, np.nan)
    if not len(origins):
        now, nothing = from_end(known), np.full((1, horizon), np.nan)
        return CrossValidation(
            seasons, now.names, np.array([length]), now.forecasts, nothing, None, values, parameters=known
        )
    first = int(origins[0])
    past = forecast_members(
        Request(history, seasons, origins, fitted, first, horizon, ridges=before, quick=quick, known=known)
    )
    latest = known if length > WORTH_FITTING_AGAIN else {}
    now = from_end(latest)
    common = [name for name in past.names if name in set(now.names)]
    forecasts = np.concatenate(
        [
            past.forecasts[[past.names.index(name) for name in common]],
            now.forecasts[[now.names.index(name) for name in common]],
        ],
        axis=1,
    )
    last_known = int(np.searchsorted(origins, length - horizon))
    honest = (
        fitted <= history.fit_until == length - horizon and last_known > 0 and origins[last_known] == fitted
    )
    in_sample = fitted > origins[-1]
    origins = np.append(origins, length)
    padded = np.concatenate([values, np.full(horizon, np.nan)])
    actual = padded[origins[:, None] + np.arange(horizon)]
    window = last_known if honest else None
    return CrossValidation(
        seasons, tuple(common), origins, forecasts, actual, window, values, in_sample, latest, fitted
    )
