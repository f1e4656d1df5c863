"""What many series teach together: global members, how far to trust each member, and how wide to be."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from stepcast.engine.auto.calendar_effects import year_length
from stepcast.engine.auto.calibration import Calibration, calibrate
from stepcast.engine.auto.count_outlook import counted_at
from stepcast.engine.auto.distribution import (
    Distribution,
    Experience,
    Seen,
    distribution_at,
    nested_origins,
    seen_at,
)
from stepcast.engine.auto.effort import EVERYTHING, FEW, Effort, origin_count
from stepcast.engine.auto.empirical import empirical_quantiles
from stepcast.engine.auto.evidence import Evidence, back_span, evidence_of
from stepcast.engine.auto.history import History
from stepcast.engine.auto.related_effects import Pool, pool_of
from stepcast.engine.auto.ridge import Ridge, Windows, fit_ridge, lags_of, windows_of
from stepcast.engine.auto.seasons import seasons_of
from stepcast.engine.auto.spread import PROBABILITIES, error_quantiles
from stepcast.engine.auto.trees import Trees, can_grow, fit_trees
from stepcast.engine.auto.views import VIEWS, views_of
from stepcast.engine.auto.weights import BUCKETS
from stepcast.engine.task import Metric

__all__ = ["Lessons", "learn"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# Of the sample so many are examined one by one, fewer where they are long; the rest feed the global members.
FEWEST_EXAMINED, MOST_EXAMINED, POINTS_EXAMINED = 60, 300, 80_000
MOST_WINDOWS = 10_000  # of the ridge, together
MOST_CELLS = 10_000_000  # of the ridge's windows: bounds memory for long horizons
HELD_BACK_ALONE = 24  # origins that few series together hold back for calibration; of many series one each
TREE_ROWS = 40_000
TREE_ROWS_EACH = 300
TREE_ROUNDS = 100
TRIAL_ROWS, TRIAL_ROUNDS = 20_000, 60  # of trees that only tell how much trees are to count
GROW_AGAIN = 0.1  # trees are grown again where what came since the earlier ones is more than this share
# Distributions of counts are tried with these shares, at so many origins of a series and of all series.
COUNT_SHARES = np.linspace(0, 1, 5)
COUNTED_ALONE, MOST_COUNTED = 6, 60
NO_TREES = "trees were left out: LightGBM cannot be loaded (on macOS, brew install libomp helps)"


@dataclass(frozen=True)
class Lessons:
    """``origins`` past origins a series is examined from; global members before and after the origins.

    ``left_out`` is "", or what could not be learned and why. With ``quick`` few members run; by ``metric``
    they are judged.
    ``pool`` is what the series say together of related series' and holidays' effects. ``counted`` is what
    distributions of counts count beside all else, where a series is of counts that are not sparse.
    """

    origins: int
    before: dict[str, Ridge]
    after: dict[str, Ridge]
    experience: Experience
    trees: Trees | None
    calibration: Calibration
    left_out: str = ""
    pool: Pool | None = None
    quick: bool = False
    metric: Metric = "AverageWeightedQuantileLoss"
    counted: float = 1.0


def learn(
    histories: list[History],
    horizon: int,
    effort: Effort = EVERYTHING,
    metric: Metric = "AverageWeightedQuantileLoss",
    earlier: "Lessons | None" = None,
    since: int = 0,
) -> Lessons:
    """Learn from all of ``histories`` (none empty), nothing of which lies after the moment to forecast from.

    ``earlier`` lessons end ``since`` periods before it, a horizon or more: their trees are judged in
    held-back windows, instead of others grown for that, and their calibration counts half. By ``metric``
    members are judged.
    """
    count = origin_count(len(histories), horizon)
    count = min(count, effort.origins or count)
    every = _every(histories)
    pool = pool_of(histories[::every], horizon)
    histories = [history.with_pool(pool) for history in histories]
    before, after = _ridges(histories, horizon, count)
    chosen = histories[::every]
    evidence = [evidence_of(history, horizon, count, before, after, effort.quick) for history in chosen]
    held_back = max(1, HELD_BACK_ALONE // len(evidence)) if 0 < len(evidence) < FEW else 1
    places = [nested_origins(one, held_back) for one in evidence]
    seen = [
        [seen_at(one, place, metric) for place in own.tolist()]
        for one, own in zip(evidence, places, strict=True)
    ]
    experience = _experience(chosen, evidence, seen, horizon, metric)
    former, grown, left_out = None, None, effort.left_out
    if len(histories) >= FEW and effort.trees and not can_grow():
        left_out = NO_TREES
    elif len(histories) >= FEW and effort.trees:
        ends = [len(history) for history in histories]
        former = earlier.trees if earlier else None
        if former is None:
            cuts = [int(e.origins[p[-1]]) if len(p) else 0 for e, p in zip(evidence, places, strict=True)]
            former = _trees(chosen, cuts, horizon, TRIAL_ROWS, TRIAL_ROUNDS)
        if former is not None:
            fresh = earlier is not None and since <= GROW_AGAIN * np.median(ends)
            grown = former if fresh else _trees(histories, ends, horizon, TREE_ROWS, TREE_ROUNDS)
    calibration = _calibration(chosen, evidence, seen, experience, former if grown else None, horizon)
    if earlier is not None:
        calibration = calibration.and_earlier(earlier.calibration)
    counted = _counted(chosen, evidence, seen, experience, horizon)
    return Lessons(
        count, before, after, experience, grown, calibration, left_out, pool, effort.quick, metric, counted
    )


def _every(histories: list[History]) -> int:
    """One history in how many is examined."""
    typical = max(1.0, float(np.median([len(history) for history in histories]))) if histories else 1.0
    most = int(np.clip(POINTS_EXAMINED / typical, FEWEST_EXAMINED, MOST_EXAMINED))
    return max(1, -(-len(histories) // most))


def _ridges(histories: list[History], horizon: int, count: int) -> tuple[dict[str, Ridge], dict[str, Ridge]]:
    """A ridge for every view, fitted before the origins and once more to everything."""
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
        windows: dict[str, list[Windows]] = {name: [] for name in VIEWS}
        for history, span in zip(histories, spans, strict=True):
            until = len(history) if late else len(history) - span
            for view in views_of(history, until, horizon):
                windows[view.name].append(windows_of(view.values, until, lags, horizon, each))
        for name, parts in windows.items():
            if parts and (ridge := fit_ridge(_in_order_of_time(parts), lags)) is not None:
                ridges[name] = ridge
    common = set(fitted[0]) & set(fitted[1])
    return {name: fitted[0][name] for name in common}, {name: fitted[1][name] for name in common}


def _in_order_of_time(parts: list[Windows]) -> Windows:
    """Windows of many series, those that end latest last."""
    age = np.concatenate([np.arange(len(part))[::-1] for part in parts])
    return np.concatenate(parts)[np.argsort(-age, kind="stable")]


def _experience(
    histories: list[History],
    evidence: list[Evidence],
    held_back: list[list[Seen]],
    horizon: int,
    metric: Metric,
) -> Experience:
    """Members' losses over the sample, the panel's errors; logarithms where they suit ``held_back``."""
    latest = [(one, seen_at(one, len(one.origins) - 1, metric)) for one in evidence if len(one.origins) > 1]
    pooled = _pooled(latest) if len(evidence) > 1 else Experience()
    tested = [
        (history, one, seen)
        for history, one, own in zip(histories, evidence, held_back, strict=True)
        for seen in (own if len(own) < 2 else own[1::2])
    ]
    errors, growth = _pooled_errors(latest, pooled, horizon) if len(evidence) >= FEW else (None, None)
    plain = replace(pooled, errors=errors, growth=growth)
    positive = [(one, seen) for history, one, seen in tested if history.positive]
    if positive and len(positive) > len(tested) // 2:
        ways = [replace(plain, logs=share) for share in (0.0, 0.5, 1.0)]
        losses_by_way = [np.mean([_quantile_loss(one, seen, way) for one, seen in positive]) for way in ways]
        return ways[int(np.argmin(losses_by_way))]
    return plain


def _pooled(latest: list[tuple[Evidence, Seen]]) -> Experience:
    """Means over the series of the members' losses and of the products of their errors."""
    names = tuple(sorted({name for one, _ in latest for name in one.names}))
    losses, counts = np.zeros((len(names), BUCKETS)), np.zeros(len(names))
    products, pairs = np.zeros((BUCKETS, len(names), len(names))), np.zeros((len(names), len(names)))
    for one, seen in latest:
        places = np.array([names.index(name) for name in one.names])
        losses[places] += seen.losses
        counts[places] += 1
        if seen.size > 0:
            products[:, places[:, None], places] += seen.products
            pairs[places[:, None], places] += 1
    mean = losses / np.maximum(counts, 1)[:, None]
    return Experience(
        losses=dict(zip(names, mean, strict=True)),
        products=np.where(pairs > 0, products / np.maximum(pairs, 1), np.nan),
        stacked=names,
    )


def _quantile_loss(evidence: Evidence, seen: Seen, experience: Experience) -> float:
    """Pinball loss at a held-back origin, beside the scale of the errors."""
    actual = evidence.actual[seen.place]
    found = distribution_at(evidence, seen, experience, positive=True)
    short = (actual[:, None] - found.quantiles)[:, 3:-3] / _size(found, actual)
    p = PROBABILITIES[3:-3]
    return float(np.nanmean(np.maximum(p * short, (p - 1) * short)))


def _size(found: Distribution, actual: Floats) -> float:
    """What a loss counts beside: past errors and the present one, so that no single window outvotes the rest.

    The root of their sum: series hardly ever wrong count less than the others, but they count.
    """
    return float(np.sqrt(found.scale + float(np.nanmean(np.abs(actual - found.centre))) + 1e-9))


def _counted(
    histories: list[History],
    evidence: list[Evidence],
    held_back: list[list[Seen]],
    experience: Experience,
    horizon: int,
) -> float:
    """The share of distributions of counts that was best at held-back origins; all where none tells."""
    p = PROBABILITIES[3:-3]
    losses: list[Floats] = []
    for history, one, own in zip(histories, evidence, held_back, strict=True):
        for seen in own[:: -max(1, len(own) // COUNTED_ALONE)]:
            if len(losses) == MOST_COUNTED:
                break
            counts = counted_at(history, int(one.origins[seen.place]), horizon)
            if counts is None or counts.sparse:
                continue
            found = distribution_at(one, seen, experience, history.positive)
            actual = one.actual[seen.place]
            table = np.ldexp(counts.table[:, :-1], -history.exponent)
            ways = found.quantiles + COUNT_SHARES[:, None, None] * (table - found.quantiles)
            short = (actual[:, None] - ways)[..., 3:-3] / _size(found, actual)
            losses.append(np.nanmean(np.maximum(p * short, (p - 1) * short), axis=(1, 2)))
    return float(COUNT_SHARES[np.argmin(np.mean(losses, axis=0))]) if losses else 1.0


def _pooled_errors(
    latest: list[tuple[Evidence, Seen]], experience: Experience, horizon: int
) -> tuple[Floats, Floats]:
    """All series' errors beside their own scale: quantiles (horizon, PROBABILITIES), mean size (horizon,)."""
    parts = []
    for one, seen in latest:
        found = distribution_at(one, seen, experience, positive=False)
        if found.scale > 0 and np.isfinite(found.errors).any():
            parts.append(found.errors / found.scale)
    if not parts:
        return np.zeros((horizon, len(PROBABILITIES))), np.ones(horizon)
    errors = np.concatenate(parts)
    known = np.isfinite(errors)
    growth = np.abs(np.where(known, errors, 0.0)).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    growth = np.maximum.accumulate(np.maximum(growth, 1e-3))
    errors = np.concatenate([part / _beside(part, growth) for part in parts])
    errors = errors[:: max(1, len(errors) // 8000)]
    return error_quantiles(errors), growth


def _beside(errors: Floats, growth: Floats) -> float:
    """The size of a series' errors (origins, horizon) beside the usual ``growth`` with the steps."""
    known = np.isfinite(errors)
    return max(float(np.abs(errors[known]).sum() / (known * growth).sum()), 1e-12)


def _trees(histories: list[History], ends: list[int], horizon: int, rows: int, rounds: int) -> Trees | None:
    """Trees of what lies before ``ends`` (series,)."""
    lengths = np.array([len(history) for history in histories])
    seasons = seasons_of(histories[0].frequency, int(np.median(lengths)), horizon)
    rows = min(rows, TREE_ROWS_EACH * len(histories))
    return fit_trees(histories, np.array(ends), seasons, horizon, rows, rounds)


def _calibration(
    histories: list[History],
    evidence: list[Evidence],
    held_back: list[list[Seen]],
    experience: Experience,
    trees: Trees | None,
    horizon: int,
) -> Calibration:
    """Blend and factors, from held-back origins of the sample."""
    used, sources, actual, scale = [], [], [], []
    for history, one, own in zip(histories, evidence, held_back, strict=True):
        for seen in own:
            found = distribution_at(one, seen, experience, history.positive)
            origin = int(one.origins[seen.place])
            used.append((history, origin))
            past = history.values[:origin]
            sources.append(np.stack([found.quantiles, empirical_quantiles(past, one.seasons, horizon)]))
            actual.append(one.actual[seen.place])
            scale.append(_size(found, actual[-1]))
    if not sources:
        return Calibration.neutral(2 + (trees is not None))
    table = np.stack(sources, axis=1)
    if trees is not None:
        grown = trees.quantiles([h for h, _ in used], np.array([o for _, o in used]), horizon)
        table = np.concatenate([table, grown[None]])
    return calibrate(table, np.stack(actual), np.array(scale))
