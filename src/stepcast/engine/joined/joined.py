"""The AutoPredictor's ensemble and a network that has a share in its forecasts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeGuard

import numpy as np

from stepcast.engine.arrays import Floats
from stepcast.engine.auto.predictor import MaybeForecast
from stepcast.engine.auto.series.bounds import bounds_at
from stepcast.engine.auto.series.quantile_grid import with_mean
from stepcast.engine.auto.series_forecast import SeriesForecast
from stepcast.engine.auto.shared import Shared
from stepcast.engine.bounds import QUANTILE_RANGES
from stepcast.engine.neural.learned import Learned
from stepcast.engine.panel import Panel
from stepcast.engine.results import Explanation

__all__ = ["Joined", "suits"]


@dataclass(frozen=True)
class Joined:
    """The network's shares in the ``backtest`` and in the forecast, ``final``; both 0 without a network."""

    ensemble: Shared
    learned: Learned | None = None
    backtest: float = 0.0
    final: float = 0.0

    def mix(
        self, tables: Floats, panel: Panel, made: Sequence[MaybeForecast], before: int, /
    ) -> tuple[Floats, list[int]]:
        """As ``auto.predictor.Partner`` has it: the mean of each quantile, weighted by the share."""
        learned, share = self.learned, self.backtest if before else self.final
        if learned is None or share == 0:
            return tables, []
        kept = {place: one for place, one in enumerate(made) if suits(one, learned)}
        if not kept:
            return tables, []
        fitted = learned.backtest if before else learned.final
        its = _bounded(learned.tables(panel.take([*kept]), fitted, before)[..., :-1], [*kept.values()])
        mixed = tables.copy()
        mixed[[*kept]] = (1 - share) * tables[[*kept]] + share * with_mean(its)
        return mixed, [*kept]

    def explain(self, words: Explanation, /) -> Explanation:
        """``words`` with the network among the sources."""
        assert self.learned is not None  # noqa: S101  # it has a share
        others = tuple((source, round(share * (1 - self.final), 4)) for source, share in words.sources)
        return replace(words, sources=(*others, (self.learned.algorithm, self.final)))


def suits(one: MaybeForecast, learned: Learned) -> TypeGuard[SeriesForecast]:
    """Whether a network can say anything of a series.

    Not of one that is constant as far back as it sees, that has fewer values than are to be forecast, or
    whose last periods have no value; sparse counts are left to the distributions of counts.
    """
    if not isinstance(one, SeriesForecast) or one.silent:
        return False
    past = slice(0, one.origin)
    values, known = one.history.values[past], one.history.known[past]
    seen = values[-learned.shape.context :][known[-learned.shape.context :]]
    return bool(known.sum() >= learned.shape.horizon and len(seen) and seen.min() < seen.max())


def _bounded(quantiles: Floats, forecasts: Sequence[SeriesForecast]) -> Floats:
    """A network's ``quantiles`` (series, horizon, PROBABILITIES) within the bounds of the ensemble's."""
    result = np.empty_like(quantiles)
    for place, one in enumerate(forecasts):
        low, high = bounds_at(one.history, np.array([one.origin]), quantiles.shape[1], QUANTILE_RANGES)
        with np.errstate(over="ignore", under="ignore"):
            limits = (np.ldexp(side, one.history.exponent) for side in (low, high))
        result[place] = np.clip(quantiles[place], *limits)
    return result
