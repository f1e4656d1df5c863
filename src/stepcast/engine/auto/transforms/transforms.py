"""A series seen in different ways: as it is, as logarithms, without what the calendar or other series do."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.auto.series.history import History
from stepcast.engine.auto.transforms.calendar_effects import calendar_effects
from stepcast.engine.auto.transforms.covariate_effects import Effects, related_effects

__all__ = ["TRANSFORMS", "Transform", "transforms_of"]


# Where values hardly vary, logarithms add little to the values themselves.
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
    history: History,
    fitted: int,
    horizon: int,
    origins: Integers | None = None,
    covariates_fitted: int | None = None,
) -> list[Transform]:
    """The transforms that suit a history; effects are learned from the first ``fitted`` points.

    Those of covariates are learned from the first ``covariates_fitted``, if given, and also known as they
    were at ``origins``, to be scored from there.
    """
    past = np.array([fitted]) if origins is None else origins
    until = covariates_fitted or fitted
    made = (transform(history, fitted, horizon, past, until) for transform in TRANSFORMS.values())
    return [transform for transform in made if transform is not None]


def _unchanged(history: History, *_: object) -> Transform:
    return Transform("", history.values, False)


def _log(history: History, fitted: int, *_: object) -> Transform | None:
    if not history.positive:
        return None
    logs = history.logs
    varies = float(logs[: max(min(fitted, history.fit_until), 1)].std()) > LOG_SPREAD
    return Transform("log_", logs, True) if varies else None


def _calendar(history: History, fitted: int, horizon: int, *_: object) -> Transform | None:
    values = _logs_if_positive(history)
    effects = calendar_effects(values, history.end, history.frequency, fitted, horizon)
    if effects is None:
        return None
    return Transform("calendar_", values - effects[: len(values)], history.positive, effects)


def _related(history: History, fitted: int, horizon: int, origins: Integers, until: int) -> Transform | None:
    related = related_effects(history, until, origins, horizon)
    if related is None:
        return None
    rest, effects = related.removed(_logs_if_positive(history)), None
    if related.kind != "ratios":  # factors leave nothing that the calendar's effects could be added to
        effects = calendar_effects(rest, history.end, history.frequency, fitted, horizon)
    if effects is not None:
        rest = rest - effects[: len(rest)]
    return Transform("related_", rest, history.positive, effects, related)


def _logs_if_positive(history: History) -> Floats:
    return history.logs if history.positive else history.values


# Every view of a series that members forecast, in this order, by the prefix of the members' names.
TRANSFORMS: dict[str, Callable[[History, int, int, Integers, int], Transform | None]] = {
    "": _unchanged,
    "log_": _log,
    "calendar_": _calendar,
    "related_": _related,
}
