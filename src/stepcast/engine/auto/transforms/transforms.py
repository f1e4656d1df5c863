"""A series seen in different ways: as it is, as logarithms, without what the calendar or other series do."""

from dataclasses import dataclass

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.auto.series.history import History
from stepcast.engine.auto.transforms.calendar_effects import calendar_effects
from stepcast.engine.auto.transforms.covariate_effects import Effects, related_effects

__all__ = ["TRANSFORMS", "Transform", "transforms_of"]


TRANSFORMS = ("", "log_", "calendar_", "related_")  # also the prefix of the members' names
# Logarithms tell little that ratios do not where the values hardly vary.
LOG_SPREAD = 0.15


@dataclass(frozen=True)
class Transform:
    """``values`` (time,); to go back, add ``effects`` (time + horizon,) and restore ``related``, then exp if
    ``logarithmic``."""

    name: str
    values: Floats
    logarithmic: bool
    effects: Floats | None = None
    related: Effects | None = None

    def restore(self, forecasts: Floats, origins: Integers) -> Floats:
        """Forecasts of the transform (..., origins, horizon) as forecasts of the series."""
        if self.effects is not None:
            forecasts = forecasts + self.effects[origins[:, None] + np.arange(forecasts.shape[-1])]
        if self.related is not None:
            forecasts = self.related.restore(forecasts, origins)
        return np.exp(np.minimum(forecasts, 50.0)) if self.logarithmic else forecasts


def transforms_of(
    history: History, fitted: int, horizon: int, origins: Integers | None = None
) -> list[Transform]:
    """The transforms that suit a history; effects are learned from the first ``fitted`` points.

    Those of related series are also known as they were at ``origins``, to be judged from there.
    """
    values = history.values
    transforms = [Transform("", values, False)]
    logs = history.logs if history.positive else values
    if history.positive and float(logs[: max(min(fitted, history.fit_until), 1)].std()) > LOG_SPREAD:
        transforms.append(Transform("log_", logs, True))
    if fitted not in history.memory:
        history.memory[fitted] = calendar_effects(logs, history.end, history.frequency, fitted, horizon)
    effects = history.memory[fitted]
    if effects is not None:
        transforms.append(Transform("calendar_", logs - effects[: len(logs)], history.positive, effects))
    past = np.array([fitted]) if origins is None else origins
    related = related_effects(history, fitted, past, horizon)
    if related is not None:
        rest = related.removed(logs)
        # what the calendar does besides; factors leave nothing that it could be added to
        effects = None
        if related.kind != "ratios":
            effects = calendar_effects(rest, history.end, history.frequency, fitted, horizon)
        if effects is not None:
            rest = rest - effects[: len(rest)]
        transforms.append(Transform("related_", rest, history.positive, effects, related))
    return transforms
