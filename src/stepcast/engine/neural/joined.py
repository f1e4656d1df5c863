"""A network in the AutoPredictor: blended with the ensemble as held-back origins weigh it."""

from dataclasses import dataclass, replace

from stepcast.engine import archive
from stepcast.engine.arrays import Floats
from stepcast.engine.auto.series.quantile_grid import with_mean
from stepcast.engine.auto.shared import Shared
from stepcast.engine.neural.learned import Learned
from stepcast.engine.panel import Panel
from stepcast.engine.results import Explanation

__all__ = ["Joined", "joined_of"]


@dataclass(frozen=True)
class Joined:
    """``final``, ``backtest``: the share of the network, 0 to 1, in the forecast and in the backtest."""

    learned: Learned
    final: float
    backtest: float

    def blend(self, tables: Floats, panel: Panel, places: list[int], before: int = 0) -> Floats:
        """``tables`` (series, horizon, PROBABILITIES + 1) with the network's share in the series ``places``.

        They are forecasts from ``before`` periods before the panel's end; 0 is the forecast itself.
        """
        share = self.backtest if before else self.final
        if share == 0 or not places:
            return tables
        fitted = self.learned.backtest if before else self.learned.final
        its = self.learned.tables(panel.take(places), fitted, before)
        result = tables.copy()
        result[places] = with_mean((1 - share) * tables[places, :, :-1] + share * its[..., :-1])
        return result

    def explain(self, words: Explanation) -> Explanation:
        """The same with the network among the sources."""
        if self.final == 0:
            return words
        sources = tuple((source, round(share * (1 - self.final), 4)) for source, share in words.sources)
        return replace(words, sources=(*sources, (self.learned.algorithm, self.final)))


def joined_of(shared: Shared) -> Joined | None:
    """The network that ``shared`` brings along, if it does."""
    return None if shared.network is None else archive.from_bytes(Joined, shared.network.tobytes())
