"""Members that need no fitting: the last value, the last season, means of seasons and of everything."""

import numpy as np
from numpy.typing import NDArray

from stepcast.engine.auto.seasons import Seasons

__all__ = ["baselines", "mean_of_all"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

CYCLES = 4  # how many last seasons a profile is the mean of


def baselines(values: Floats, seasons: Seasons, origins: Integers, horizon: int) -> dict[str, Floats]:
    """Forecasts (origins, horizon) by name: naive, drift, recent mean; the last and the mean season."""
    steps = np.arange(horizon)
    last = values[origins - 1]
    found = {"naive": np.repeat(last[:, None], horizon, axis=1)}
    total = np.concatenate([[0.0], np.cumsum(values)])
    window = np.minimum(origins, max(2 * horizon, 4 * seasons.short, 8))
    found["mean"] = np.repeat(((total[origins] - total[origins - window]) / window)[:, None], horizon, axis=1)
    back = np.minimum(origins - 1, max(horizon // 2, seasons.short, 4))
    slope = (last - values[origins - 1 - back]) / np.maximum(back, 1)
    found["drift"] = last[:, None] + slope[:, None] * (steps + 1)
    for name, season in (("", seasons.short), ("long_", seasons.long)):
        if season <= 1:
            continue
        phase = steps % season
        found[f"last_{name}season"] = values[np.maximum(origins[:, None] - season + phase, 0)]
        cycles = np.minimum(CYCLES, np.maximum(origins // season, 1))
        profile = np.zeros((len(origins), horizon))
        for cycle in range(1, CYCLES + 1):
            place = np.maximum(origins[:, None] - cycle * season + phase, 0)
            profile += np.where((cycle <= cycles)[:, None], values[place], 0.0)
        found[f"mean_{name}season"] = profile / cycles[:, None]
    return found


def mean_of_all(values: Floats, origins: Integers, horizon: int, length: int) -> Floats:
    """The mean of the last ``length`` values before each origin (origins, horizon)."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    window = np.minimum(origins, length)
    return np.repeat(((total[origins] - total[origins - window]) / window)[:, None], horizon, axis=1)
