"""What a network has learned, in arrays alone: with it, shards forecast."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.auto.series.covariates import CovariateEncoder
from stepcast.engine.auto.series.quantile_grid import MEDIAN
from stepcast.engine.neural.grid import grid_of
from stepcast.engine.neural.network import Network, network_of
from stepcast.engine.neural.parameters import settings_of
from stepcast.engine.neural.shape import Shape
from stepcast.engine.neural.units import prescaled
from stepcast.engine.neural.windows import columns_of
from stepcast.engine.panel import Panel
from stepcast.engine.sampling import rank_of

__all__ = ["TOGETHER", "Fitted", "Learned", "Typical"]

LARGEST = np.finfo(np.float64).max / 4
TOGETHER = 64  # series that are forecast at once: always as many, so that sums are the same in every shard


@dataclass(frozen=True)
class Typical:
    """What items without a past are taken to be like: levels and scales of others, by categories."""

    codes: Integers
    level: Floats
    scale: Floats

    def like(self, codes: Integers) -> tuple[float, float]:
        """Means over the items that share most categories."""
        if not len(self.level):
            return 0.0, 1.0
        alike = ((self.codes == codes) & (codes > 0)).sum(axis=1)
        most = alike == alike.max()
        return float(self.level[most].mean()), float(self.scale[most].mean())


@dataclass(frozen=True)
class Fitted:
    """Weights of one network or of several whose forecasts are averaged.

    ``width``    what the distance of each quantile from the median is multiplied by.
    """

    networks: tuple[Mapping[str, Floats], ...]
    width: float


@dataclass(frozen=True)
class Learned:
    """``backtest``: of what lies before the backtest; ``final``: of all that is known."""

    algorithm: str
    parameters: Mapping[str, str]
    encoder: CovariateEncoder
    shape: Shape
    shared_features: int
    backtest: Fitted
    final: Fitted
    typical: Typical

    def network(self) -> Network:
        own = 2 * len(self.encoder.features)
        categories = tuple(map(len, self.encoder.categories))
        settings = settings_of(self.algorithm, self.parameters, self.shape.horizon)
        return network_of(self.algorithm, settings, self.shape, own, self.shared_features, categories)

    def tables(self, panel: Panel, fitted: Fitted, before: int) -> Floats:
        """Quantiles and the mean (series, horizon, PROBABILITIES + 1) from ``before`` periods before the end.

        A value is not negative where the series has none that is.
        """
        network, shape = self.network(), self.shape
        small, powers = prescaled(panel, shape.units, before)
        grid = grid_of(small, self.encoder, shape.seen + before, max(shape.horizon - before, 0))
        columns = columns_of(grid, shape, self.encoder)
        origin = grid.length - before
        seeds = np.array([(rank_of(label) >> 1) ^ before for label in panel.ids], np.int64)
        parts = []
        for begin in range(0, len(panel), TOGETHER):
            rows = np.arange(begin, min(begin + TOGETHER, len(panel)))
            full = np.resize(rows, TOGETHER)
            origins = np.full(TOGETHER, origin)
            each = [
                network.forecast(weights, columns, full, origins, seeds[full]) for weights in fitted.networks
            ]
            parts.append(np.mean(each, axis=0)[: len(rows)])
        made = np.concatenate(parts) if parts else np.empty((0, shape.horizon, MEDIAN * 2 + 2))
        median = made[..., MEDIAN : MEDIAN + 1]
        made[..., :-1] = median + (made[..., :-1] - median) * fitted.width
        for place, values in enumerate(panel.values):
            past = values[: len(values) - before]
            past = past[np.isfinite(past)]
            with np.errstate(over="ignore"):
                made[place] = np.ldexp(made[place], powers[place])
            if not len(past):
                level, scale = self.typical.like(grid.codes[place])
                made[place] = level + scale * made[place]
            if not len(past) or past.min() >= 0:
                made[place] = np.maximum(made[place], 0.0)
        return np.clip(made, -LARGEST, LARGEST)
