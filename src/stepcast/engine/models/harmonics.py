"""The pattern of the calendar in a series, as waves of the day, the week and the year."""

import numpy as np

from stepcast.engine.arrays import Floats
from stepcast.engine.frequency import SECONDS, Frequency

__all__ = ["calendar_pattern", "longest_cycle"]


DAY, WEEK, YEAR = SECONDS["D"], SECONDS["W"], 365.25 * SECONDS["D"]
# By unit: cycles from short to long, each with its number of waves. Sixteen waves of the week around four of
# the day let working days and weekends differ in shape, three of the week give every weekday its own level.
CYCLES = {
    "min": ((DAY, 4), (WEEK, 16)),
    "H": ((DAY, 4), (WEEK, 16)),
    "D": ((WEEK, 3), (YEAR, 6)),
    "W": ((YEAR, 4),),
}
# How often a cycle must have been seen: the first of a unit twice, a longer one three times.
SEEN, SEEN_LONGER = 2, 3


def calendar_pattern(values: Floats, frequency: Frequency, horizon: int) -> Floats:
    """The waves of the calendar that ``values`` show, without their level and trend, continued ahead.

    Shapes:  ``values`` (time,), oldest first, nan is missing; the result (time + horizon,).
    A straight line and the waves are fitted by least squares, with no cycle, the shortest, the shortest two;
    AICc chooses. Zero for months and years, which have no cycle here.

    Source: Hyndman and Athanasopoulos, Forecasting: principles and practice, 3rd edition, 10.5.
    """
    time = np.arange(len(values) + horizon)
    known = np.isfinite(values)
    design = np.column_stack([np.ones(len(time)), time / len(time)])
    pattern = np.zeros(len(time))
    lowest, _ = _least_squares(values[known], design[: len(values)][known])
    for place, (seconds, waves) in enumerate(CYCLES.get(frequency.unit, ())):
        period = seconds / frequency.seconds
        if len(values) < (SEEN_LONGER if place else SEEN) * period:
            break
        # A wave shorter than two periods looks like a longer one.
        waves = min(waves, int(period / 2))
        angles = 2 * np.pi / period * np.arange(1, waves + 1) * time[:, None]
        design = np.column_stack([design, np.sin(angles), np.cos(angles)])
        criterion, weights = _least_squares(values[known], design[: len(values)][known])
        if criterion < lowest:
            lowest, pattern = criterion, design[:, 2:] @ weights[2:]
    return pattern


def _least_squares(y: Floats, x: Floats) -> tuple[float, Floats]:
    """AICc and weights of y on the columns of x; AICc is infinite where there are too few points."""
    weights = np.asarray(np.linalg.lstsq(x, y, rcond=None)[0], dtype=np.float64)
    points, count = len(y), x.shape[1] + 1
    if points - count - 1 <= 0:
        return float("inf"), weights
    variance = max(float(np.mean((y - x @ weights) ** 2)), np.finfo(float).tiny)
    return points * np.log(variance) + 2 * count * points / (points - count - 1), weights


def longest_cycle(frequency: Frequency) -> float:
    """Periods in the longest cycle of ``frequency``'s unit; 0 where there is none.

    >>> longest_cycle(Frequency.parse("H"))
    168.0
    """
    cycles = CYCLES.get(frequency.unit)
    return cycles[-1][0] / frequency.seconds if cycles else 0.0
