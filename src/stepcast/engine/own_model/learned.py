"""What a model of the user's own has become, as bytes for the shards: it forecasts from them."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.auto.series.covariates import CovariateEncoder
from stepcast.engine.auto.series.quantile_grid import PROBABILITIES, with_mean
from stepcast.engine.errors import UnusableModel
from stepcast.engine.neural.grid import grid_of
from stepcast.engine.own_model.examples import Scaling, examples_of, units_of
from stepcast.engine.own_model.runtime import Predict
from stepcast.engine.panel import Panel

__all__ = ["LARGEST", "Learned", "on_grid", "usual_change"]

LARGEST = np.finfo(np.float64).max / 4


@dataclass(frozen=True)
class Learned:
    """The model, and how it is shown series.

    ``features``  numbers of a period that it sees; ``given`` whether it sees those of the horizon.
    ``quantiles``  that it gives; empty of a point forecast, which ``errors`` (horizon, PROBABILITIES) spread,
                   in changes from one period to the next that are usual in the series.
    ``typical``    level and scale of an item without history.
    ``backtest``, ``final``  files: trained on what lies before the backtest, and on all that is known.
    """

    algorithm: str
    parameters: Mapping[str, str]
    encoder: CovariateEncoder
    scaling: Scaling
    context: int
    horizon: int
    features: int
    given: bool
    quantiles: tuple[float, ...]
    errors: Floats
    typical: tuple[float, float]
    backtest: Integers
    final: Integers

    def tables(self, panel: Panel, predict: Predict, before: int) -> Floats:
        """Quantiles and the mean (series, horizon, PROBABILITIES + 1) from ``before`` periods before the end.

        UnusableModel names the item where the model gives what is no number.
        """
        grid = grid_of(panel, self.encoder, max(self.context + before, 1), self.horizon)
        rows, origins = np.arange(len(panel)), np.full(len(panel), grid.length - before)
        units = units_of(panel, self.scaling, before)
        shown = examples_of(
            grid,
            rows,
            origins,
            units,
            self.scaling,
            (self.context, self.horizon),
            self.features,
            self.encoder.forward if self.given else None,
        )
        pasts = [values[: max(len(values) - before, 0)] for values in panel.values]
        level, scale = shown.units.level.copy(), shown.units.scale.copy()
        new = np.array([not np.isfinite(past).any() for past in pasts], bool)
        if self.scaling == "none":
            shown.context[new, :, 0] = self.typical[0]
        else:
            level[new], scale[new] = self.typical
        told = predict(shown.context, shown.future).astype("f8")
        wrong = ~np.isfinite(told).all(axis=(1, 2))
        if wrong.any():
            item = panel.ids[int(wrong.argmax())]
            what = f"its forecast of item {item!r} is not a number"
            raise UnusableModel(self.algorithm, what, "check its weights, and that scaling fits")
        made = told * scale[:, None, None] + level[:, None, None]
        table = (
            on_grid(np.sort(made, axis=-1), self.quantiles) if self.quantiles else self._spread(made, pasts)
        )
        for row, past in enumerate(pasts):
            known = past[np.isfinite(past)]
            if not len(known) or known.min() >= 0:  # the forecast of what is never negative is not, either
                table[row] = np.maximum(table[row], 0.0)
        return np.clip(table, -LARGEST, LARGEST)

    def _spread(self, point: Floats, pasts: list[Floats]) -> Floats:
        change = np.array([usual_change(past) for past in pasts])
        table = point + change[:, None, None] * self.errors
        return np.concatenate([table, point], axis=-1)


def usual_change(past: Floats) -> float:
    """The mean change from one known period to the next; 1 where there is none."""
    changes = np.abs(np.diff(past))
    changes = changes[np.isfinite(changes)]
    return float(changes.mean()) if len(changes) and changes.any() else 1.0


def on_grid(values: Floats, quantiles: tuple[float, ...]) -> Floats:
    """Quantiles at the PROBABILITIES and their mean, from rising ``values`` (..., quantiles).

    Along straight lines in units of the normal distribution, as far out as the outermost two lead.

    >>> float(on_grid(np.array([0.0, 1.0, 2.0]), (0.1, 0.5, 0.9))[3])
    0.0
    """
    if len(quantiles) == 1:
        return with_mean(np.repeat(values, len(PROBABILITIES), axis=-1))
    at, wanted = (
        np.array([NormalDist().inv_cdf(one) for one in some]) for some in (quantiles, PROBABILITIES)
    )
    right = np.clip(np.searchsorted(at, wanted), 1, len(at) - 1)
    share = (wanted - at[right - 1]) / (at[right] - at[right - 1])
    low, high = values[..., right - 1], values[..., right]
    return with_mean(low + (high - low) * share)
