"""From a cross-validation to a distribution: weighted members in the middle, their past errors around it."""

from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np

from stepcast.engine.arrays import Flags, Floats, Integers
from stepcast.engine.auto.compiled import compiled
from stepcast.engine.auto.ensemble.cross_validation import CrossValidation
from stepcast.engine.auto.ensemble.kinds import Kinds
from stepcast.engine.auto.ensemble.level_break import new_level
from stepcast.engine.auto.ensemble.little_evidence import (
    ENOUGH,
    ENOUGH_WITH_KIN,
    GROWTH,
    scale_of_little,
)
from stepcast.engine.auto.ensemble.residual_quantiles import error_quantiles
from stepcast.engine.auto.ensemble.seasonal_spread import seasonal_spread
from stepcast.engine.auto.ensemble.stacking import error_products, stacked
from stepcast.engine.auto.ensemble.weights import (
    TRUST,
    bucket_of,
    log_losses,
    member_weights,
    without_light,
)
from stepcast.engine.auto.series.quantile_grid import PROBABILITIES
from stepcast.engine.task import Metric

__all__ = [
    "Distribution",
    "PanelPrior",
    "ScoresAt",
    "Ways",
    "distribution_at",
    "nested_origins",
    "scores_at",
    "weights_at",
]


OWN_ERRORS = 10.0  # independent errors of its own at which a series trusts them as much as the panel's
NORMAL = np.array([NormalDist().inv_cdf(p) for p in PROBABILITIES]) * np.sqrt(np.pi / 2)  # of mean size one


@dataclass(frozen=True)
class PanelPrior:
    """What is expected of a series before its own errors are known: losses and errors pooled over the panel.

    ``kinds``     what series teach of the members; None where nothing is taught.
    ``errors``    (horizon, PROBABILITIES) quantiles of errors relative to their series' scale, and
    ``growth``    (horizon,) their mean size by step; None where there are few series.
    ``logs``      share of the spread taken from logarithms of positive series; ``seasonal`` of the rest, the
                  share of what follows the season.
    """

    kinds: Kinds | None = None
    errors: Floats | None = None
    growth: Floats | None = None
    logs: float = 0.0
    seasonal: float = 0.0


@dataclass(frozen=True)
class Ways:
    """Quantiles (horizon, PROBABILITIES): from errors as they are, from errors relative to the usual size at
    their phase of the season, and from those of logarithms; None where these do not count."""

    plain: Floats
    seasonal: Floats | None = None
    logarithmic: Floats | None = None

    def blended(self, logs: float, seasonal: float) -> Floats:
        """All of them with these shares, rising."""
        result = self.plain
        if self.seasonal is not None:
            result = (1 - seasonal) * result + seasonal * self.seasonal
        if self.logarithmic is not None:
            result = (1 - logs) * result + logs * self.logarithmic
        return np.sort(result, axis=1)


@dataclass(frozen=True)
class Distribution:
    """``centre`` (horizon,); ``quantiles`` (horizon, PROBABILITIES), rising; ``weights`` (members, BUCKETS).

    ``errors`` (origins, horizon) of the weighted members at past origins, ``scale`` their mean size.
    ``ways``   that the quantiles are blended from.
    ``broken`` (horizon,) where a new level is forecast, so that values before it say nothing.
    """

    centre: Floats
    quantiles: Floats
    weights: Floats
    errors: Floats
    scale: float
    ways: Ways
    broken: Flags

    def with_shares(self, logs: float, seasonal: float) -> "Distribution":
        """The same with other shares of the ways that were looked at."""
        return replace(self, quantiles=self.ways.blended(logs, seasonal))


def nested_origins(validation: CrossValidation, count: int) -> Integers:
    """At most ``count`` places in ``validation.origins`` whose horizon is known and that have a past."""
    horizon = validation.actual.shape[1]
    known = np.isfinite(validation.actual).all(axis=1)
    first = int(validation.origins[0])
    past = validation.origins - first >= min(horizon, 4) + (len(validation.origins) // 4)
    places = np.flatnonzero(known & past)
    if len(places) == 0:
        places = np.flatnonzero(known)[-1:]
    return places[:: -max(1, -(-len(places) // count))][::-1] if len(places) else places


@dataclass(frozen=True)
class ScoresAt:
    """What origin number ``index`` knows of the members.

    ``actual``    (origins, horizon) of the origins before it, as far as it was known there, nan beyond.
    ``losses``    (members, BUCKETS) as in weights; ``products`` (BUCKETS, members, members) as in stacking.
    ``size``      how many whole horizons were known; ``windows`` over how many horizons the origins reach.
    """

    index: int
    actual: Floats
    losses: Floats
    products: Floats
    size: float
    windows: float


def scores_at(
    validation: CrossValidation, place: int, metric: Metric = "AverageWeightedQuantileLoss"
) -> ScoresAt:
    """Look back from origin number ``place`` of ``validation``; members are scored by ``metric``.

    RMSE scores them by squares, MAPE by shares of the actual, the others by absolute errors.
    """
    horizon = validation.actual.shape[1]
    known = validation.origins[:place, None] + np.arange(horizon) < validation.origins[place]
    actual = np.where(known, validation.actual[:place], np.nan)
    size = float(np.isfinite(actual).sum()) / horizon
    importance = np.ones_like(actual)
    if metric == "MAPE":
        importance = np.where(actual != 0, 1 / np.maximum(np.abs(actual), 1e-300), 0.0)
    losses = log_losses(validation.forecasts, actual, importance, 2.0 if metric == "RMSE" else 1.0)
    losses += np.log(validation.optimism)[:, None]
    products = error_products(validation.forecasts, actual, importance)
    products *= validation.optimism * validation.optimism[:, None]
    windows = float(validation.origins[place - 1] - validation.origins[0]) / horizon if place else 0.0
    return ScoresAt(place, actual, losses, products, size, windows)


def weights_at(validation: CrossValidation, scores: ScoresAt, prior: PanelPrior) -> Floats:
    """Weights of the members (members, BUCKETS)."""
    if prior.kinds is None and validation.in_sample:
        # losses show there which fits best, not which forecasts best
        return np.full_like(scores.losses, 1 / len(scores.losses))
    expected, products, trust = np.zeros_like(scores.losses), scores.products, 0.0
    if prior.kinds is not None:
        expected, usual = prior.kinds.expected(validation.names, scores.losses, scores.size)
        both = (scores.size * products + TRUST * usual) / (scores.size + TRUST)
        products, trust = np.where(np.isfinite(usual), both, products), TRUST
    weights = member_weights(scores.losses, scores.size, scores.windows, expected, trust)
    return without_light(stacked(products, weights, scores.windows), validation.actual.shape[1])


def distribution_at(
    validation: CrossValidation, scores: ScoresAt, prior: PanelPrior, positive: bool
) -> Distribution:
    """The distribution from the origin that ``scores`` are of, using only what was known there."""
    weights = weights_at(validation, scores, prior)
    horizon = validation.actual.shape[1]
    ensemble, errors = np.empty((scores.index + 1, horizon)), np.empty((scores.index, horizon))
    counts, sizes = np.zeros(horizon), np.zeros(horizon)
    _ensemble(validation.forecasts, weights, scores.actual, ensemble, errors, counts, sizes)
    centre = ensemble[-1]
    # near steps err less: each error counts relative to the panel's at its step, if that is known
    usual = float(counts.sum() if prior.growth is None else counts @ prior.growth)
    scale = float(sizes.sum()) / usual if usual > 0 else 0.0
    before = validation.values[: validation.origins[scores.index]]
    honest = 0 if validation.in_sample else scores.index  # parameters fit what they have seen too well
    enough = ENOUGH if prior.errors is None else ENOUGH_WITH_KIN
    scale = scale_of_little(scale, honest, enough, before, validation.seasons.short)
    plain = centre[:, None] + _spread(errors, scale, counts, validation, prior)
    seasonal = None
    if prior.seasonal > 0 and counts.any():
        seasonal = _seasonal(centre, errors, scale, counts, validation, prior)
    logarithmic = None
    if positive and prior.logs > 0 and counts.any():
        logarithmic = _log_quantiles(ensemble, scores.actual)
        # errors at few origins are no distribution, of logarithms either
        logarithmic = plain + min(scores.index / enough, 1.0) * (logarithmic - plain)
    broken = np.zeros(horizon, dtype=bool)
    past = validation.origins[: scores.index]
    end = int(validation.origins[scores.index])
    found = new_level(past, end, validation.forecasts, scores.actual, weights, validation.seasons.short)
    if found is not None:
        plain = found.centre[:, None] + found.spread(plain - centre[:, None], NORMAL)
        centre, broken, logarithmic, seasonal = found.centre, found.believed, None, None
    ways = Ways(plain, seasonal, logarithmic)
    quantiles = ways.blended(prior.logs, prior.seasonal)
    return Distribution(centre, quantiles, weights, errors, scale, ways, broken)


def _seasonal(
    centre: Floats,
    errors: Floats,
    scale: float,
    counts: Floats,
    validation: CrossValidation,
    prior: PanelPrior,
) -> Floats | None:
    """Quantiles (horizon, PROBABILITIES) from errors relative to the usual size at their phase of the season;
    None where there is none."""
    steps, past = np.arange(errors.shape[1]), validation.origins[: len(errors), None]
    end = int(validation.origins[len(errors)])
    spread = seasonal_spread(validation.values[:end], validation.seasons)
    if spread is None:
        return None
    relative = errors / spread[(past + steps) % len(spread)]
    offsets = _spread(relative, scale, counts, validation, prior)
    return centre[:, None] + spread[(end + steps) % len(spread), None] * offsets


def _spread(
    errors: Floats, scale: float, counts: Floats, validation: CrossValidation, prior: PanelPrior
) -> Floats:
    """Offsets (horizon, PROBABILITIES) from the centre: the series' own errors, and the panel's where few."""
    horizon = errors.shape[1]
    pooled = prior.errors
    own = error_quantiles(errors, validation.step)
    if pooled is None:
        # errors at few origins are no distribution: a normal one stands in
        trust = min((len(validation.origins) - 1) / ENOUGH, 1.0)
        normal = scale * NORMAL * (np.arange(1, horizon + 1) ** GROWTH)[:, None]
        return trust * own + (1 - trust) * normal if trust < 1 else own
    if len(errors) == 0:
        return scale * pooled
    independent = counts * np.minimum(1.0, validation.step / (np.arange(horizon) + 1))
    share = (independent / (independent + OWN_ERRORS))[:, None]
    return share * own + (1 - share) * scale * pooled


def _log_quantiles(ensemble: Floats, actual: Floats) -> Floats:
    """Quantiles of a positive series from errors of logarithms."""
    floor = 1e-3 * float(np.median(actual[np.isfinite(actual)])) + 1e-12
    logs = np.log(np.maximum(ensemble, floor))
    own = error_quantiles(np.log(np.maximum(actual, floor)) - logs[:-1])
    result: Floats = np.exp(logs[-1][:, None] + own)
    return result


@compiled
def _ensemble(forecasts, weights, actual, ensemble, errors, counts, sizes):  # type: ignore[no-untyped-def]
    """Forecasts of the weighted members into ``ensemble`` (origins + 1, horizon), their errors at all but the
    last origin into ``errors`` (origins, horizon); by step how many are known, and the sum of their sizes."""
    origins, horizon = errors.shape
    ensemble[:] = 0.0
    for member in range(len(forecasts)):
        by_step = np.empty(horizon)
        for step in range(horizon):
            by_step[step] = weights[member, bucket_of(step, horizon)]
        for origin in range(origins + 1):
            for step in range(horizon):
                ensemble[origin, step] += forecasts[member, origin, step] * by_step[step]
    for origin in range(origins):
        for step in range(horizon):
            error = actual[origin, step] - ensemble[origin, step]
            errors[origin, step] = error
            if np.isfinite(error):
                counts[step] += 1
                sizes[step] += abs(error)
