"""What every shard applies alike: learned once, on a bounded sample, kept as bytes between steps."""

from dataclasses import dataclass, replace

import numpy as np

from stepcast.engine.arrays import Floats
from stepcast.engine.auto.budget import Budget, budget_of
from stepcast.engine.auto.panel_fit import PanelFit, fit_panel
from stepcast.engine.auto.series.covariates import CovariateEncoder, fit_encoder
from stepcast.engine.auto.series.history import History, histories_of
from stepcast.engine.auto.series_forecast import from_end, tables_of
from stepcast.engine.auto.sources.analogues import Analogues, fit_analogues, most_items
from stepcast.engine.panel import Panel
from stepcast.engine.sampling import Draw, sample_of
from stepcast.engine.task import Task

__all__ = ["Shared", "fit_before", "fit_draw", "fit_shared"]


@dataclass(frozen=True)
class Shared:
    """``final``: fitted to whole histories, to forecast with; ``backtest``: to what lies before the backtest.

    ``encoder``    how covariates are read.
    ``analogues``  items that those without history are likened to; None where there is no need to.
    ``sums``       what sums teach by themselves, if there are sums among the series.
    """

    final: PanelFit
    backtest: PanelFit
    encoder: CovariateEncoder
    analogues: Analogues | None = None
    sums: "Shared | None" = None

    def similar(self, history: History) -> tuple[Floats, str]:
        """Quantiles (horizon, PROBABILITIES) for an item without history, and how they were made."""
        assert self.analogues is not None  # noqa: S101  # the caller looked
        codes = history.covariates.codes if history.covariates is not None else np.empty(0)
        table, items, importance = self.analogues.blend(codes)
        by = [name for name, counts in zip(self.encoder.attributes, importance, strict=True) if counts > 0]
        alike = f"similar by {', '.join(by)}" if by else "no attributes to compare"
        return table, f"no value was observed; blended from {items} other items ({alike})"


def fit_draw(draw: Draw, task: Task) -> Shared:
    """Learn from all that was drawn from and, unless a budget is to be kept, once more from the sums in it.

    Where items are noisy, members that suit them suit their sums less.
    """
    learned = fit_shared(draw.sample, task, series=draw.series, points=draw.points)
    if draw.sums is None or task.budget_seconds is not None:
        return learned
    of_sums = draw.sums
    sums = fit_shared(of_sums.sample, task, series=of_sums.series, points=of_sums.points)
    return replace(learned, sums=sums)


def fit_shared(
    sample: Panel,
    task: Task,
    *,
    series: int | None = None,
    points: int | None = None,
) -> Shared:
    """Learn from ``sample``, all of the panel or a bounded part of it; the same sample gives the same.

    Of a large panel only some series are looked at (see sampling). Forecasts of a series depend on its own
    history and on this, never on which shard it is in.

    ``series``, ``points``  how many the whole panel has, if that is larger than the sample.
    """
    series = len(sample) if series is None else series
    points = sum(map(len, sample.values)) if points is None else points
    budget = budget_of(task, series, points)
    sample = sample_of(sample)
    encoder = fit_encoder(sample, task)
    # what is learned before the last horizon must not depend on what lies in it: it serves the backtest, too
    histories = histories_of(sample, encoder, task.horizon, reserved=task.horizon)
    back = task.window_start(task.windows)
    backtest = fit_before(histories, task, budget, back)
    final = fit_panel(_observed(histories), task.horizon, budget, task.metric, backtest, back)
    return Shared(final, backtest, encoder, _analogues(histories, encoder, task, final))


def fit_before(histories: list[History], task: Task, budget: Budget, back: int) -> PanelFit:
    """Learn from what lies ``back`` periods and more before the end of ``histories``."""
    cut = [history.before(len(history) - back) for history in histories if len(history) > back]
    return fit_panel(_observed(cut), task.horizon, budget, task.metric)


def _observed(histories: list[History]) -> list[History]:
    """What there is to learn from: nothing is after the last value of a series."""
    return [history.to_last_value() for history in histories if len(history)]


def _analogues(
    histories: list[History], encoder: CovariateEncoder, task: Task, final: PanelFit
) -> Analogues | None:
    """What items without history can be likened to, where there may be some: evenly from the sample."""
    known = [history for history in histories if len(history)]
    if not encoder.attributes and len(known) == len(histories):
        return None
    chosen = known[:: max(1, -(-len(known) // most_items(task.horizon)))]
    codes = np.stack([h.covariates.codes if h.covariates else np.empty(0) for h in chosen] or [np.empty(0)])
    forecasts = [from_end(history, task.horizon, final) for history in chosen]
    return fit_analogues(codes, tables_of(forecasts, task.horizon, final)[..., :-1])
