"""Small panels and tasks that the engine's tests start from."""

from collections.abc import Sequence
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from stepcast.engine.frequency import Frequency
from stepcast.engine.models import MODELS
from stepcast.engine.models.model import Past
from stepcast.engine.panel import Panel
from stepcast.engine.seasonality import usable_season

Floats = NDArray[np.float64]

INSTALLED = tuple(name for name, model in MODELS.items() if not model.package or find_spec(model.package))


def a_panel(
    *series: Sequence[float], frequency: str = "M", end: int = 600, filled: float | None = None
) -> Panel:
    """Series named s0, s1...; a value equal to ``filled`` counts as filled in, nan as missing."""
    values = tuple(np.array(one, dtype=float) for one in series)
    return Panel(
        ids=tuple(f"s{number}" for number in range(len(series))),
        values=values,
        observed=tuple(np.isfinite(one) & (one != filled) for one in values),
        end=end,
        frequency=Frequency.parse(frequency),
    )


def a_past(values: Sequence[float], frequency: str = "M", end: int = 600, season: int | None = None) -> Past:
    """One series as a model sees it."""
    array, unit = np.array(values, dtype=float), Frequency.parse(frequency)
    return Past(array, end, unit, usable_season(unit, len(array)) if season is None else season)


def monthly(count: int, seed: int = 0) -> Floats:
    """A level of 100, a yearly wave of 20 and noise of 3: every model can do something with it."""
    time = np.arange(count)
    noise = np.random.default_rng(seed).normal(scale=3, size=count)
    wave: Floats = 100 + 20 * np.sin(2 * np.pi * time / 12) + noise
    return wave
