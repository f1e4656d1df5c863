"""The AutoPredictor: backtest and forecast any part of a panel, with what all of it taught."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from stepcast.engine.arrays import Floats
from stepcast.engine.auto.ensemble.calibration import SOURCES
from stepcast.engine.auto.panel_fit import PanelFit
from stepcast.engine.auto.series.history import History, histories_of
from stepcast.engine.auto.series.quantile_grid import PROBABILITIES, outputs_of, with_mean
from stepcast.engine.auto.series_forecast import (
    SeriesForecast,
    counts_alone,
    examine,
    from_end,
    series_forecast_at,
    tables_of,
)
from stepcast.engine.auto.shared import Shared
from stepcast.engine.auto.sources.count_forecast import CountForecast, count_forecast_at
from stepcast.engine.auto.sums import mixed
from stepcast.engine.auto.transforms.covariate_effects import impacts_of
from stepcast.engine.backtest import Forecaster, backtest
from stepcast.engine.models import SEASONAL_NAIVE
from stepcast.engine.models.local import LocalForecaster
from stepcast.engine.panel import Panel
from stepcast.engine.results import Explanation, Forecast, Trained, coverage_of
from stepcast.engine.task import AUTO, Task

__all__ = ["AUTO", "Explanation", "MaybeForecast", "Partner", "Trained", "forecast", "train"]


MaybeForecast = SeriesForecast | CountForecast | None
HARDLY = 0.005  # parts of the level: what moves a forecast less is left out of an explanation


class Partner(Protocol):
    """Another source, which has a share in some of the forecasts that were ``made``."""

    def mix(
        self, tables: Floats, panel: Panel, made: Sequence[MaybeForecast], before: int, /
    ) -> tuple[Floats, list[int]]:
        """``tables`` (series, horizon, PROBABILITIES + 1) with its share, and the places that it has one in.

        They are forecasts from ``before`` periods before the end of ``panel``.
        """

    def explain(self, words: Explanation, /) -> Explanation:
        """``words`` on a forecast that it has a share in, with that share."""


def train(panel: Panel, task: Task, shared: Shared, partner: Partner | None = None) -> Trained:
    """Forecast every series from the panel's end and, for the backtest, from before the task's windows.

    ``partner`` is another source, if there is one. Where the task says that the series are sums and
    sums have taught something by themselves, that has a share.

    Holds:  the result of a series depends on its own history and on ``shared``; no window sees what it or a
            later one holds, in its own series or, through ``shared.backtest``, in another.
    """
    trained = _by(shared, panel, task, partner)
    if not task.sums or shared.sums is None:
        return trained
    return mixed(trained, _by(shared.sums, panel, task, None), task)


def _by(shared: Shared, panel: Panel, task: Task, partner: Partner | None) -> Trained:
    with np.errstate(over="ignore"):  # differences of the largest numbers there are
        histories = histories_of(panel, shared.encoder, task.horizon, reserved=task.horizon)
        ahead, latest = [], []
        for place, history in enumerate(histories):
            now, then = _both_ends(history, task, shared)
            if history.clipped:
                (whole,) = histories_of(panel.take([place]), shared.encoder, task.horizon)
                now, _ = _both_ends(whole, task, shared)
            ahead.append(now)
            latest.append(then)
        tables = _tables(ahead, task.horizon, shared.final)
        words = [_explain(one, shared.final) for one in ahead]
        if partner is not None:
            tables, mixed = partner.mix(tables, panel, ahead, 0)
            for place in mixed:
                words[place] = partner.explain(words[place])
        for place, history in enumerate(histories):
            if ahead[place] is None and shared.analogues is not None:
                table, note = shared.similar(history)
                tables[place] = with_mean(table)
                words[place] = Explanation((), (), (), note)
        forecasters: dict[str, Forecaster] = {
            AUTO: _window_forecaster(panel, task, latest, shared, partner),
            SEASONAL_NAIVE.name: LocalForecaster(SEASONAL_NAIVE.name, panel, task),
        }
        tested = backtest(panel, task, forecasters)
    return Trained(tuple(forecasters), tested, tuple(words), coverage_of(tested, task), tables)


def forecast(panel: Panel, task: Task, trained: Trained) -> Forecast:
    """Read off what the task asks for: ``values`` (series, horizon, outputs) are finite, quantiles rise.

    A series without a value is a blend of similar items, or zero.
    """
    if trained.tables is None or len(trained.tables) != len(panel):
        raise ValueError(
            f"{len(panel)} series were given, but different ones were trained: train on this panel first"
        )
    return Forecast(outputs_of(trained.tables, task.outputs), (AUTO,) * len(panel), trained.explanations)


def _both_ends(history: History, task: Task, shared: Shared) -> tuple[MaybeForecast, MaybeForecast]:
    """One series from its end and from a horizon before it; None without a past.

    What is examined for the first serves the second as well, unless it has seen something of what came
    then: the second is None in that case too.
    """
    if not len(history):
        return None, None
    horizon = task.horizon
    if history.silent:
        return from_end(history, horizon, shared.final), None
    before: CountForecast | None = None
    then: MaybeForecast = None
    # a horizon before the end may lie in, or just after, a silence that had to be forecast across
    heard = len(history) > horizon and bool(history.known[-horizon - 1])
    if heard:
        before = count_forecast_at(history, len(history) - horizon, horizon)
        then = before if before is not None and counts_alone(before, shared.backtest) else None
    counts = count_forecast_at(history, len(history), horizon)
    if counts is not None and counts_alone(counts, shared.final):
        return counts, then
    found = examine(history, horizon, shared.final)
    now = series_forecast_at(history, found, len(found.origins) - 1, shared.final, counts)
    # effects of covariates are pooled up to the very end
    told_more = history.covariates is not None and history.covariates.explains
    if heard and then is None and found.window is not None and not told_more:
        then = series_forecast_at(history, found, found.window, shared.backtest, before)
    return now, then


def _tables(forecasts: Sequence[MaybeForecast], horizon: int, panel_fit: PanelFit) -> Floats:
    """Quantiles and the mean (series, horizon, PROBABILITIES + 1); zeros without a past."""
    result = np.zeros((len(forecasts), horizon, len(PROBABILITIES) + 1))
    there = [place for place, one in enumerate(forecasts) if one is not None]
    result[there] = tables_of([one for one in forecasts if one is not None], horizon, panel_fit)
    return result


def _window_forecaster(
    panel: Panel, task: Task, latest: list[MaybeForecast], shared: Shared, partner: Partner | None
) -> Forecaster:
    """Forecasts in backtest windows; ``latest`` has some of those from a horizon before the end already."""

    def from_window(window: int, series: list[int], /) -> Floats:
        before = task.window_start(window + 1)
        known = latest if before == task.horizon else [None] * len(panel)
        histories = histories_of(panel.take(series), shared.encoder, task.horizon, before)
        made = [
            known[index] or from_end(history, task.horizon, shared.backtest)
            for index, history in zip(series, histories, strict=True)
        ]
        tables = _tables(made, task.horizon, shared.backtest)
        if partner is not None:
            tables, _ = partner.mix(tables, panel.take(series), made, before)
        return outputs_of(tables, task.outputs)

    return from_window


def _explain(one: MaybeForecast, panel_fit: PanelFit) -> Explanation:
    if one is None:
        return Explanation((), (), (), "no value was observed, so the forecast is zero")
    shares = [(source, panel_fit.calibration.share(source)) for source in SOURCES]
    weights: tuple[tuple[str, float], ...] = ()
    if isinstance(one, CountForecast):
        shares = [("distributions of counts", 1.0)]
    else:
        weights = one.weights
        if one.counts is not None:
            shares = [(label, share * (1 - panel_fit.count_share)) for label, share in shares]
            shares.append(("distributions of counts", panel_fit.count_share))
    seasons = one.seasons
    lengths = tuple(sorted({length for length in (seasons.short, seasons.long, seasons.cycle) if length > 1}))
    known = int(one.history.known.sum())
    few = known < 2 * len(lengths) + 4
    silent = one.silent if isinstance(one, SeriesForecast) else 0
    notes = [
        f"the last {silent} periods have no value, so the forecast goes on from before" if silent else "",
        f"only {known} values were observed, so the forecast relies on other series" if few else "",
        panel_fit.omitted,
    ]
    return Explanation(
        weights=weights,
        sources=tuple((label, round(share, 4)) for label, share in shares if share > 0),
        seasons=lengths,
        note="; ".join(filter(None, notes)),
        impacts=_impacts(one, panel_fit),
    )


def _impacts(one: SeriesForecast | CountForecast, panel_fit: PanelFit) -> tuple[tuple[str, float], ...]:
    """Of covariates, to the extent that members which know them weigh; what hardly moves is left out."""
    if isinstance(one, CountForecast):
        return ()
    informed = sum(weight for name, weight in one.weights if name.startswith("related_"))
    if not informed:
        return ()
    share = informed / sum(weight for _, weight in one.weights)
    history = one.history.with_pooled(panel_fit.pooled_effects)
    moves = impacts_of(history, one.silent + len(one.sources[0]))
    return tuple((name, round(share * size, 4)) for name, size in moves if share * abs(size) >= HARDLY)
