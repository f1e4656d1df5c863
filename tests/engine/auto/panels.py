"""Small panels to forecast."""

import numpy as np

from stepcast.engine.frequency import Frequency
from stepcast.engine.panel import Panel

END = 700


def panel_of(*series: np.ndarray, frequency: str = "M") -> Panel:
    """A panel that ends at the same period whatever is in it; nothing is filled in."""
    values = tuple(np.asarray(one, dtype=float) for one in series)
    ids = tuple(f"series-{place}" for place in range(len(values)))
    return Panel(ids, values, tuple(np.isfinite(one) for one in values), END, Frequency.parse(frequency))


def shop(series: int, months: int = 72) -> Panel:
    """Monthly sales with season, trend and noise, each of its own size; the same on every call."""
    draw = np.random.default_rng(2)
    time = np.arange(months)
    return panel_of(
        *(
            size * (10 + 3 * np.sin(time * np.pi / 6 + size) + 0.02 * time + draw.normal(0, 0.7, months))
            for size in draw.uniform(1, 50, series)
        )
    )


def part(panel: Panel, start: int, stop: int) -> Panel:
    """The series from ``start`` to before ``stop``: a shard."""
    inside = slice(start, stop)
    return Panel(panel.ids[inside], panel.values[inside], panel.observed[inside], panel.end, panel.frequency)
