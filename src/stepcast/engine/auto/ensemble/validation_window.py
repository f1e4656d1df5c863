"""A past origin of a series whose horizon is known by now: what would have been forecast, and what came."""

from dataclasses import dataclass

import numpy as np

from stepcast.engine.arrays import Floats
from stepcast.engine.auto.ensemble.cross_validation import CrossValidation
from stepcast.engine.auto.ensemble.distribution import Distribution
from stepcast.engine.auto.series.history import History
from stepcast.engine.auto.series.quantile_grid import OUTERMOST, PROBABILITIES
from stepcast.engine.losses import pinball_loss

__all__ = ["ValidationWindow"]


JUDGED = slice(OUTERMOST, -OUTERMOST)  # probabilities that a loss is taken of


@dataclass(frozen=True)
class ValidationWindow:
    """What was ``found`` of a series from origin number ``index`` of its validation."""

    history: History
    validation: CrossValidation
    index: int
    found: Distribution

    @property
    def origin(self) -> int:
        return int(self.validation.origins[self.index])

    @property
    def past(self) -> Floats:
        """The values before the origin (time,)."""
        return self.history.values[: self.origin]

    @property
    def actual(self) -> Floats:
        """What came (horizon,), nan unknown."""
        actual: Floats = self.validation.actual[self.index]
        return actual

    @property
    def size(self) -> float:
        """What a loss is divided by: past errors and the present one, so that no window outvotes the rest.

        The root of their sum: series hardly ever wrong count less than the others, but they count.
        """
        present = float(np.nanmean(np.abs(self.actual - self.found.centre)))
        return float(np.sqrt(self.found.scale + present + 1e-9))

    def loss(self, logs: float, seasonal: float = 0.0) -> float:
        """Pinball loss relative to the size of the errors, with these shares of the spread."""
        return self.loss_of(self.found.with_shares(logs, seasonal).quantiles)

    def loss_of(self, quantiles: Floats) -> float:
        """Pinball loss of ``quantiles`` (horizon, PROBABILITIES) relative to the size of the errors."""
        error = (self.actual[:, None] - quantiles)[:, JUDGED] / self.size
        return float(np.nanmean(pinball_loss(error, PROBABILITIES[JUDGED])))
