"""From evidence to a distribution: weighted members in the middle, their past errors around it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from stepcast.engine.auto.evidence import Evidence
from stepcast.engine.auto.spread import PROBABILITIES, error_quantiles
from stepcast.engine.auto.stacking import error_products, stacked
from stepcast.engine.auto.weights import TRUST, buckets_of, log_losses, member_weights
from stepcast.engine.task import Metric

__all__ = [
    "Distribution",
    "Experience",
    "Seen",
    "distribution_at",
    "ensemble_at",
    "nested_origins",
    "seen_at",
    "weights_at",
]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

OWN_ERRORS = 10.0  # independent errors of its own at which a series trusts them as much as the panel's


@dataclass(frozen=True)
class Experience:
    """What all series of the panel together say: where a series has little to say itself, this speaks.

    ``losses``    logarithms of relative losses (BUCKETS,) by member.
    ``products``  (BUCKETS, members, members) mean products of the errors of the ``stacked`` members, nan
                  where two never met.
    ``errors``    (horizon, PROBABILITIES) quantiles of errors beside their series' scale, and
    ``growth``    (horizon,) their mean size by step; None where there are few series.
    ``logs``      share of the spread taken from logarithms of positive series.
    """

    losses: Mapping[str, Floats] = field(default_factory=dict)
    products: Floats | None = None
    stacked: tuple[str, ...] = ()
    errors: Floats | None = None
    growth: Floats | None = None
    logs: float = 0.0


@dataclass(frozen=True)
class Distribution:
    """``centre`` (horizon,); ``quantiles`` (horizon, PROBABILITIES), rising; ``weights`` (members, BUCKETS).

    ``errors`` (origins, horizon) of the weighted members at past origins, ``scale`` their mean size.
    """

    centre: Floats
    quantiles: Floats
    weights: Floats
    errors: Floats
    scale: float


def nested_origins(evidence: Evidence, count: int) -> Integers:
    """At most ``count`` places in ``evidence.origins`` whose horizon is known and that have a past."""
    horizon = evidence.actual.shape[1]
    known = np.isfinite(evidence.actual).all(axis=1)
    first = int(evidence.origins[0])
    past = evidence.origins - first >= min(horizon, 4) + (len(evidence.origins) // 4)
    places = np.flatnonzero(known & past)
    if len(places) == 0:
        places = np.flatnonzero(known)[-1:]
    return places[:: -max(1, -(-len(places) // count))][::-1] if len(places) else places


@dataclass(frozen=True)
class Seen:
    """What origin number ``place`` knows of the members.

    ``actual``    (origins, horizon) of the origins before it, as far as it was known there, nan beyond.
    ``losses``    (members, BUCKETS) as in weights; ``products`` (BUCKETS, members, members) as in stacking.
    ``size``      how many whole horizons were known; ``windows`` over how many horizons the origins reach.
    """

    place: int
    actual: Floats
    losses: Floats
    products: Floats
    size: float
    windows: float


def seen_at(evidence: Evidence, place: int, metric: Metric = "AverageWeightedQuantileLoss") -> Seen:
    """Look back from origin number ``place`` of ``evidence``; by ``metric`` members are judged.

    RMSE judges them by squares, MAPE by shares of the actual, the others by absolute errors.
    """
    horizon = evidence.actual.shape[1]
    past = evidence.forecasts[:, :place]
    known = evidence.origins[:place, None] + np.arange(horizon) < evidence.origins[place]
    actual = np.where(known, evidence.actual[:place], np.nan)
    size = float(np.isfinite(actual).sum()) / horizon
    worth = np.ones_like(actual)
    if metric == "MAPE":
        worth = np.where(actual != 0, 1 / np.maximum(np.abs(actual), 1e-300), 0.0)
    losses = log_losses(evidence.forecasts, actual, worth, 2.0 if metric == "RMSE" else 1.0)
    windows = float(evidence.origins[place - 1] - evidence.origins[0]) / horizon if place else 0.0
    return Seen(place, actual, losses, error_products(past, actual, worth), size, windows)


def weights_at(evidence: Evidence, seen: Seen, experience: Experience) -> Floats:
    """Weights of the members (members, BUCKETS)."""
    weights = member_weights(seen.losses, evidence.names, seen.size, seen.windows, experience.losses)
    products = seen.products
    if experience.products is not None:
        usual = _usual(experience.products, experience.stacked, evidence.names)
        both = (seen.size * products + TRUST * usual) / (seen.size + TRUST)
        products = np.where(np.isfinite(usual), both, products)
    return stacked(products, weights, seen.windows)


def _usual(products: Floats, stacked: tuple[str, ...], names: tuple[str, ...]) -> Floats:
    """The panel's products of the members ``names``; nan for members that it does not know."""
    known = {name: place for place, name in enumerate(stacked)}
    places = np.array([known.get(name, len(stacked)) for name in names])
    padded = np.pad(products, ((0, 0), (0, 1), (0, 1)), constant_values=np.nan)
    result: Floats = padded[:, places][:, :, places]
    return result


def ensemble_at(evidence: Evidence, place: int, weights: Floats) -> Floats:
    """Forecasts of the weighted members (place + 1, horizon), the last row from origin number ``place``."""
    by_step = weights[:, buckets_of(evidence.actual.shape[1])]
    result: Floats = np.einsum("koh,kh->oh", evidence.forecasts[:, : place + 1], by_step)
    return result


def distribution_at(evidence: Evidence, seen: Seen, experience: Experience, positive: bool) -> Distribution:
    """The distribution from the origin that ``seen`` is of, using only what was known there."""
    weights = weights_at(evidence, seen, experience)
    ensemble = ensemble_at(evidence, seen.place, weights)
    centre = ensemble[-1]
    errors = seen.actual - ensemble[:-1]
    known = np.isfinite(errors)
    counts = known.sum(axis=0)
    # near steps err less: each error counts beside what the panel errs at its step, if that is known
    usual = float(counts.sum() if experience.growth is None else counts @ experience.growth)
    scale = float(np.abs(errors[known]).sum()) / usual if usual > 0 else 0.0
    if usual <= 0:  # nothing is known of its errors
        scale = 1e-3 * float(np.abs(centre).mean())
    quantiles = centre[:, None] + _spread(errors, scale, counts, evidence, experience)
    if positive and experience.logs > 0 and known.any():
        logarithmic = _log_quantiles(ensemble, seen.actual)
        quantiles = (1 - experience.logs) * quantiles + experience.logs * logarithmic
    return Distribution(centre, np.sort(quantiles, axis=1), weights, errors, scale)


def _spread(
    errors: Floats, scale: float, counts: Integers, evidence: Evidence, experience: Experience
) -> Floats:
    """Offsets (horizon, PROBABILITIES) from the centre: the series' own errors, and the panel's where few."""
    horizon = errors.shape[1]
    pooled = experience.errors
    if len(errors) == 0:
        return scale * pooled if pooled is not None else np.zeros((horizon, len(PROBABILITIES)))
    own = error_quantiles(errors)
    if pooled is None:
        return own
    step = max(1.0, float(np.median(np.diff(evidence.origins)))) if len(evidence.origins) > 1 else 1.0
    independent = counts * np.minimum(1.0, step / (np.arange(horizon) + 1))
    share = (independent / (independent + OWN_ERRORS))[:, None]
    return share * own + (1 - share) * scale * pooled


def _log_quantiles(ensemble: Floats, actual: Floats) -> Floats:
    """Quantiles of a positive series from errors of logarithms."""
    floor = 1e-3 * float(np.nanmedian(actual)) + 1e-12
    logs = np.log(np.maximum(ensemble, floor))
    own = error_quantiles(np.log(np.maximum(actual, floor)) - logs[:-1])
    result: Floats = np.exp(logs[-1][:, None] + own)
    return result
