"""Members that need no fitting: the last value, the last season, means of seasons and of everything."""

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.auto.compiled import compiled
from stepcast.engine.auto.series.seasons import Seasons

__all__ = ["baselines", "mean_of_all"]


CYCLES = 4  # how many last seasons a profile is the mean of


def baselines(
    values: Floats, seasons: Seasons, origins: Integers, horizon: int
) -> tuple[tuple[str, ...], Floats]:
    """Names, and forecasts (names, origins, horizon): naive, recent mean, drift; last and mean seasons."""
    names = ["naive", "mean", "drift"]
    lengths = []
    for name, season in (("", seasons.short), ("long_", seasons.long)):
        if season > 1:
            names += [f"last_{name}season", f"mean_{name}season"]
            lengths.append(season)
    out = np.empty((len(names), len(origins), horizon))
    _without_season(values, seasons.short, origins, out)
    for place, season in enumerate(lengths):
        _seasonal(values, season, origins, out[3 + 2 * place], out[4 + 2 * place])
    return tuple(names), out


def mean_of_all(values: Floats, origins: Integers, horizon: int, length: int) -> Floats:
    """The mean of the last ``length`` values before each origin (origins, horizon)."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    window = np.minimum(origins, length)
    return np.repeat(((total[origins] - total[origins - window]) / window)[:, None], horizon, axis=1)


@compiled
def _without_season(values, season, origins, out):  # type: ignore[no-untyped-def]
    """The last value, the recent mean and the recent drift into the first three of ``out``."""
    horizon = out.shape[2]
    for place in range(len(origins)):
        origin = origins[place]
        window = min(origin, max(2 * horizon, 4 * season, 8))
        back = min(origin - 1, max(horizon // 2, season, 4))
        last, mean = values[origin - 1], values[origin - window : origin].mean()
        slope = (last - values[origin - 1 - back]) / max(back, 1)
        for step in range(horizon):
            out[0, place, step], out[1, place, step] = last, mean
            out[2, place, step] = last + slope * (step + 1)


@compiled
def _seasonal(values, season, origins, last, mean):  # type: ignore[no-untyped-def]
    """The ``last`` season, and the ``mean`` of a few, from each origin: (origins, horizon)."""
    for place in range(len(origins)):
        origin = origins[place]
        cycles = min(CYCLES, max(origin // season, 1))
        for step in range(last.shape[1]):
            at = origin - season + step % season
            last[place, step] = values[max(at, 0)]
            total = 0.0
            for cycle in range(cycles):
                total += values[max(at - cycle * season, 0)]
            mean[place, step] = total / cycles
