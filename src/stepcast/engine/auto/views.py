"""A series seen in different ways: as it is, as logarithms, without what the calendar does to it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stepcast.engine.auto.calendar_effects import calendar_effects
from stepcast.engine.auto.history import History

__all__ = ["VIEWS", "View", "views_of"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

VIEWS = ("", "log_", "calendar_")  # also the prefix of the members' names
# Logarithms tell little that ratios do not where the values hardly vary.
LOG_SPREAD = 0.15
FAR = 3.0  # how far a forecast of logarithms may leave their range before exp is taken, in ranges


@dataclass(frozen=True)
class View:
    """``values`` (time,); to go back, add ``effects`` (time + horizon,), then exp if ``logarithmic``."""

    name: str
    values: Floats
    logarithmic: bool
    effects: Floats | None

    def restore(self, forecasts: Floats, origins: Integers) -> Floats:
        """Forecasts of the view (..., origins, horizon) as forecasts of the series."""
        if self.effects is not None:
            forecasts = forecasts + self.effects[origins[:, None] + np.arange(forecasts.shape[-1])]
        return np.exp(np.minimum(forecasts, 50.0)) if self.logarithmic else forecasts


def views_of(history: History, fitted: int, horizon: int) -> list[View]:
    """The views that suit a history; effects of the calendar are learned from the first ``fitted`` points."""
    values = history.values
    views = [View("", values, False, None)]
    smallest = values[: history.judged].min(initial=1.0)
    logs = np.log(np.maximum(values, smallest / 2)) if history.positive else values
    if history.positive and float(logs[: max(min(fitted, history.judged), 1)].std()) > LOG_SPREAD:
        views.append(View("log_", logs, True, None))
    effects = calendar_effects(logs, history.end, history.frequency, fitted, horizon)
    if effects is not None:
        views.append(View("calendar_", logs - effects[: len(logs)], history.positive, effects))
    return views
