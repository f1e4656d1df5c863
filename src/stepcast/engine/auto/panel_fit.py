"""What many series teach together: global members, how far to trust each member, and how wide to be."""

from dataclasses import dataclass, replace

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.auto.budget import EVERYTHING, FEW, Budget, origin_count
from stepcast.engine.auto.ensemble.calibration import Calibration, calibrate
from stepcast.engine.auto.ensemble.cross_validation import CrossValidation, back_span, cross_validate
from stepcast.engine.auto.ensemble.distribution import (
    PanelPrior,
    ScoresAt,
    distribution_at,
    nested_origins,
    scores_at,
)
from stepcast.engine.auto.ensemble.kinds import Kinds
from stepcast.engine.auto.ensemble.residual_quantiles import error_quantiles
from stepcast.engine.auto.ensemble.validation_window import ValidationWindow
from stepcast.engine.auto.ensemble.weights import BUCKETS
from stepcast.engine.auto.members.ridge import Ridge, fit_ridge, lags_of, starts_of, windows_of
from stepcast.engine.auto.series.history import History
from stepcast.engine.auto.series.pooled_effects import PooledEffects
from stepcast.engine.auto.series.seasons import seasons_of
from stepcast.engine.auto.sources.count_forecast import count_forecast_at
from stepcast.engine.auto.sources.empirical import empirical_quantiles
from stepcast.engine.auto.sources.trees import Trees, can_grow, fit_trees
from stepcast.engine.auto.transforms.calendar_effects import year_length
from stepcast.engine.auto.transforms.covariate_effects import pool_effects
from stepcast.engine.auto.transforms.transforms import TRANSFORMS, transforms_of
from stepcast.engine.task import Metric

__all__ = ["PanelFit", "fit_panel"]


# Of the sample so many are examined one by one, fewer where they are long; the rest feed the global members.
FEWEST_EXAMINED, MOST_EXAMINED, POINTS_EXAMINED = 60, 300, 60_000
FEWEST_WINDOWS = (
    3.0  # horizons whose outcome is known, of all series, below which a panel has nothing to teach
)
MOST_WINDOWS = 10_000  # of the ridge, together
MOST_CELLS = 4_000_000  # of the ridge's windows: bounds time and memory for long lags and horizons
# Origins held back for calibration: of one series, each of few, all of many together, where one each is less.
WINDOWS_ALONE, WINDOWS_EACH, WINDOWS_TOGETHER = 24, 6, 60
LOGS = (0.0, 0.5, 1.0)  # shares of the spread from logarithms that are tried
SEASONAL = (0.0, 0.5, 1.0)  # shares of the rest that follow the season
SEASONAL_HANDICAP = 0.01  # by which all of it must be better
TREE_ROWS = 60_000
TREE_ROWS_EACH = 300
TREE_ROUNDS = 100
TRIAL_ROWS, TRIAL_ROUNDS = 20_000, 60  # of trees that only decide the share of trees
BY_HEART = 4_000  # points below which trees know what they were grown on too well to be scored there
GROW_AGAIN = 0.1  # trees are grown again where what came since the earlier ones is more than this share
# Distributions of counts are tried with these shares, at so many origins of a series and of all series.
COUNT_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
COUNTS_ALONE, MOST_COUNTS = 4, 60
NO_TREES = "trees were omitted because LightGBM cannot be loaded (on macOS, run brew install libomp)"


@dataclass(frozen=True)
class PanelFit:
    """``origins`` past origins a series is examined from; global members before and after the origins.

    ``omitted`` is "", or what could not be learned and why. With ``quick`` few members run; by ``metric``
    they are scored. ``pooled_effects`` are those of related series and holidays over all series.
    ``count_share`` is the share of distributions of counts, where a series is of counts that are not sparse.
    """

    origins: int
    before: dict[str, Ridge]
    after: dict[str, Ridge]
    prior: PanelPrior
    trees: Trees | None
    calibration: Calibration
    omitted: str = ""
    pooled_effects: PooledEffects | None = None
    quick: bool = False
    metric: Metric = "AverageWeightedQuantileLoss"
    count_share: float = 1.0


def fit_panel(
    histories: list[History],
    horizon: int,
    budget: Budget = EVERYTHING,
    metric: Metric = "AverageWeightedQuantileLoss",
    earlier: "PanelFit | None" = None,
    since: int = 0,
) -> PanelFit:
    """Learn from all of ``histories`` (none empty), nothing of which lies after the moment to forecast from.

    The ``earlier`` fit ends ``since`` periods before it, a horizon or more: its trees are scored in
    held-back windows, instead of others grown for that unless there are few points, and its calibration
    counts half. Members are scored by ``metric``.
    """
    count = origin_count(len(histories), horizon)
    count = min(count, budget.origins or count)
    every = _every(histories)
    pooled_effects = pool_effects(histories[::every], horizon)
    histories = [history.with_pooled(pooled_effects) for history in histories]
    before, after = _ridges(histories, horizon, count)
    chosen = histories[::every]
    validations = [cross_validate(history, horizon, count, before, after, budget.quick) for history in chosen]
    prior = _panel_prior(validations, metric)
    windows = _validation_windows(chosen, validations, prior, metric)
    logs = _share_of_logs(windows)
    prior = replace(prior, logs=logs, seasonal=_share_of_season(windows, logs))
    former, grown, omitted = None, None, budget.omitted
    if len(histories) >= FEW and budget.trees and not can_grow():
        omitted = NO_TREES
    elif len(histories) >= FEW and budget.trees:
        ends = [len(history) for history in histories]
        former = earlier.trees if earlier else None
        if former is None or sum(ends) < BY_HEART:
            cuts = [own[0].origin if own else 0 for own in windows]
            former = _trees(chosen, cuts, horizon, TRIAL_ROWS, TRIAL_ROUNDS)
        if former is not None:
            fresh = earlier is not None and since <= GROW_AGAIN * np.median(ends)
            grown = former if fresh else _trees(histories, ends, horizon, TREE_ROWS, TREE_ROUNDS)
    calibration = _calibration(windows, prior, former if grown else None, horizon)
    if earlier is not None:
        calibration = calibration.and_earlier(earlier.calibration)
    count_share = _count_share(windows, prior, horizon)
    return PanelFit(
        origins=count,
        before=before,
        after=after,
        prior=prior,
        trees=grown,
        calibration=calibration,
        omitted=omitted,
        pooled_effects=pooled_effects,
        quick=budget.quick,
        metric=metric,
        count_share=count_share,
    )


def _every(histories: list[History]) -> int:
    """One history in how many is examined."""
    typical = max(1.0, float(np.median([len(history) for history in histories]))) if histories else 1.0
    most = int(np.clip(POINTS_EXAMINED / typical, FEWEST_EXAMINED, MOST_EXAMINED))
    return max(1, -(-len(histories) // most))


def _ridges(histories: list[History], horizon: int, count: int) -> tuple[dict[str, Ridge], dict[str, Ridge]]:
    """A ridge for every transform, fitted before the origins and again to everything, with one penalty."""
    if not histories:
        return {}, {}
    lengths = np.array([len(history) for history in histories])
    year = year_length(histories[0].frequency)
    spans = [
        back_span(n, horizon, seasons_of(histories[0].frequency, n, horizon), year, count) for n in lengths
    ]
    typical = int(np.quantile(lengths, 0.2))
    seasons = seasons_of(histories[0].frequency, int(np.median(lengths)), horizon)
    lags = lags_of(seasons, typical - min(horizon, typical // 3), horizon)
    most = min(MOST_WINDOWS, MOST_CELLS // (lags + horizon))
    each = max(1, most // len(histories))
    fitted: tuple[dict[str, Ridge], dict[str, Ridge]] = ({}, {})
    for late, ridges in enumerate(fitted):
        series: dict[str, list[Floats]] = {name: [] for name in TRANSFORMS}
        starts: dict[str, list[Integers]] = {name: [] for name in TRANSFORMS}
        for history, span in zip(histories, spans, strict=True):
            until = len(history) if late else len(history) - span
            own = starts_of(until, lags + horizon, each)
            for transform in transforms_of(history, until, horizon):
                series[transform.name].append(transform.values)
                starts[transform.name].append(own)
        for name in filter(series.get, TRANSFORMS):
            windows = windows_of(series[name], starts[name], lags, horizon)
            early = fitted[0].get(name)
            if (ridge := fit_ridge(windows, early.penalty if early else None)) is not None:
                ridges[name] = ridge
    common = [name for name in fitted[0] if name in fitted[1]]
    return {name: fitted[0][name] for name in common}, {name: fitted[1][name] for name in common}


def _panel_prior(validations: list[CrossValidation], metric: Metric) -> PanelPrior:
    """Members' losses over the sample and the panel's errors, no logarithms yet."""
    latest = [
        (one, scores_at(one, len(one.origins) - 1, metric)) for one in validations if len(one.origins) > 1
    ]
    told = sum(scores.size for _, scores in latest) >= FEWEST_WINDOWS
    pooled = _pooled(latest) if len(validations) > 1 and told else PanelPrior()
    if len(validations) < FEW:
        return pooled
    errors, growth = _pooled_errors(latest, pooled)
    return replace(pooled, errors=errors, growth=growth)


def _validation_windows(
    histories: list[History], validations: list[CrossValidation], prior: PanelPrior, metric: Metric
) -> list[list[ValidationWindow]]:
    """Held-back origins of every series, rising: one of each, several where there are not many series."""
    series = max(1, len(validations))
    few, many = max(WINDOWS_EACH, WINDOWS_ALONE // series), max(1, WINDOWS_TOGETHER // series)
    count = few if series < FEW else many
    trial = replace(prior, logs=1.0, seasonal=1.0)
    return [
        [
            ValidationWindow(
                history,
                one,
                place,
                distribution_at(one, scores_at(one, place, metric), trial, history.positive),
            )
            for place in nested_origins(one, count).tolist()
        ]
        for history, one in zip(histories, validations, strict=True)
    ]


def _share_of_logs(windows: list[list[ValidationWindow]]) -> float:
    """How much logarithms are to count: nothing unless most series are positive."""
    tested = _tested(windows)
    positive = [one for one in tested if one.history.positive]
    if len(positive) <= len(tested) // 2:
        return 0.0
    losses = [np.mean([one.loss(share) for one in positive]) for share in LOGS]
    return LOGS[int(np.argmin(losses))]


def _share_of_season(windows: list[list[ValidationWindow]], logs: float) -> float:
    """How much of the spread that is not from logarithms is to follow the season."""
    tested = [one for one in _tested(windows) if one.found.ways.seasonal is not None]
    if logs == 1 or not tested:
        return 0.0
    losses = [
        (1 + SEASONAL_HANDICAP * share) * np.mean([one.loss(logs, share) for one in tested])
        for share in SEASONAL
    ]
    return SEASONAL[int(np.argmin(losses))]


def _tested(windows: list[list[ValidationWindow]]) -> list[ValidationWindow]:
    """Every second window of each series, which is enough to choose how its errors spread."""
    return [one for own in windows for one in (own if len(own) < 2 else own[1::2])]


def _pooled(latest: list[tuple[CrossValidation, ScoresAt]]) -> PanelPrior:
    """What the series teach of the members: means of their losses and of the products of their errors."""
    names = tuple(sorted({name for one, _ in latest for name in one.names}))
    losses = np.full((len(latest), len(names), BUCKETS), np.nan)
    products = np.full((len(latest), BUCKETS, len(names), len(names)), np.nan)
    for number, (one, scores) in enumerate(latest):
        places = np.array([names.index(name) for name in one.names])
        losses[number, places] = scores.losses
        if scores.size > 0:
            products[number][:, places[:, None], places] = scores.products
    return PanelPrior(Kinds.of(names, losses, products))


def _count_share(windows: list[list[ValidationWindow]], prior: PanelPrior, horizon: int) -> float:
    """The share of distributions of counts that was best at held-back origins; all where there is none."""
    asked = [one for own in windows for one in own[:: -max(1, len(own) // COUNTS_ALONE)]]
    losses: list[list[float]] = []
    for one in asked:
        counts = count_forecast_at(one.history, one.origin, horizon)
        if counts is None or counts.sparse:
            continue
        table = np.ldexp(counts.table[:, :-1], -one.history.exponent)
        others = one.found.with_shares(prior.logs, prior.seasonal).quantiles
        losses.append([one.loss_of(others + share * (table - others)) for share in COUNT_SHARES])
        if len(losses) == MOST_COUNTS:
            break
    return COUNT_SHARES[int(np.argmin(np.mean(losses, axis=0)))] if losses else 1.0


def _pooled_errors(
    latest: list[tuple[CrossValidation, ScoresAt]], prior: PanelPrior
) -> tuple[Floats, Floats] | tuple[None, None]:
    """Errors relative to their series' scale: quantiles (horizon, PROBABILITIES) and mean size (horizon,);
    None where no series has any."""
    parts = []
    for one, scores in latest:
        if one.in_sample:  # its errors are those of a fit, not of a forecast
            continue
        found = distribution_at(one, scores, prior, positive=False)
        if found.scale > 0 and np.isfinite(found.errors).any():
            parts.append(found.errors / found.scale)
    if not parts:
        return None, None
    errors = np.concatenate(parts)
    known = np.isfinite(errors)
    growth = np.abs(np.where(known, errors, 0.0)).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    growth = np.maximum.accumulate(np.maximum(growth, 1e-3))
    errors = np.concatenate([part / _beside(part, growth) for part in parts])
    errors = errors[:: max(1, len(errors) // 8000)]
    return error_quantiles(errors), growth


def _beside(errors: Floats, growth: Floats) -> float:
    """The size of a series' errors (origins, horizon) relative to the usual ``growth`` with the steps."""
    known = np.isfinite(errors)
    return max(float(np.abs(errors[known]).sum() / (known * growth).sum()), 1e-12)


def _trees(histories: list[History], ends: list[int], horizon: int, rows: int, rounds: int) -> Trees | None:
    """Trees of what lies before ``ends`` (series,)."""
    lengths = np.array([len(history) for history in histories])
    seasons = seasons_of(histories[0].frequency, int(np.median(lengths)), horizon)
    rows = min(rows, TREE_ROWS_EACH * len(histories))
    return fit_trees(histories, np.array(ends), seasons, horizon, rows, rounds)


def _calibration(
    windows: list[list[ValidationWindow]], prior: PanelPrior, trees: Trees | None, horizon: int
) -> Calibration:
    """Blend and factors, from held-back origins of the sample."""
    used = [one for own in windows for one in own]
    if not used:
        return Calibration.neutral(2 + (trees is not None))
    sources = [
        np.stack([one.found.with_shares(prior.logs, prior.seasonal).quantiles for one in used]),
        np.stack([empirical_quantiles(one.past, one.validation.seasons, horizon) for one in used]),
    ]
    if trees is not None:
        origins = np.array([one.origin for one in used])
        sources.append(trees.quantiles([one.history for one in used], origins, horizon))
    actual, size = np.stack([one.actual for one in used]), np.array([one.size for one in used])
    return calibrate(np.stack(sources), actual, size)
