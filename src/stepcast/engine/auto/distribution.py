"""From evidence to a distribution: weighted members in the middle, their past errors around it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from stepcast.engine.auto.evidence import Evidence
from stepcast.engine.auto.spread import PROBABILITIES, error_quantiles
from stepcast.engine.auto.weights import buckets_of, log_losses, member_weights

__all__ = ["Distribution", "Experience", "distribution_at", "middle_at", "nested_origins"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

OWN_ERRORS = 10.0  # independent errors of its own at which a series trusts them as much as the panel's


@dataclass(frozen=True)
class Experience:
    """What all series of the panel together say: where a series has little to say itself, this speaks.

    ``losses``  logarithms of relative losses (BUCKETS,) by member; ``trust`` and ``power`` as in weights.
    ``errors``  (horizon, PROBABILITIES) quantiles of errors beside their series' scale, and
    ``growth`` (horizon,) their mean size by step; None where there are few series.
    ``logs``    share of the spread taken from logarithms of positive series.
    """

    losses: Mapping[str, Floats] = field(default_factory=dict)
    errors: Floats | None = None
    growth: Floats | None = None
    trust: float = 10.0
    power: float = 4.0
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
class Middle:
    """The weighted members at an origin and before it.

    ``ensemble`` (origins + 1, horizon), the last row from the origin; ``actual`` (origins, horizon) as far as
    it was known there, nan beyond; ``weights`` (members, BUCKETS).
    """

    ensemble: Floats
    actual: Floats
    weights: Floats


def middle_at(evidence: Evidence, place: int, experience: Experience) -> Middle:
    """Weigh the members from origin number ``place``, using only what was known there."""
    horizon = evidence.actual.shape[1]
    past = evidence.forecasts[:, :place]
    seen = evidence.origins[:place, None] + np.arange(horizon) < evidence.origins[place]
    actual = np.where(seen, evidence.actual[:place], np.nan)
    evidence_size = float(np.isfinite(actual).sum()) / horizon
    weights = member_weights(
        log_losses(past, actual),
        evidence.names,
        evidence_size,
        experience.losses,
        experience.trust,
        experience.power,
    )
    by_step = weights[:, buckets_of(horizon)]
    return Middle(np.einsum("koh,kh->oh", evidence.forecasts[:, : place + 1], by_step), actual, weights)


def distribution_at(evidence: Evidence, place: int, experience: Experience, positive: bool) -> Distribution:
    """The distribution from origin number ``place``, using only what was known there."""
    middle = middle_at(evidence, place, experience)
    centre = middle.ensemble[-1]
    errors = middle.actual - middle.ensemble[:-1]
    known = np.isfinite(errors)
    counts = known.sum(axis=0)
    # near steps err less: each error counts beside what the panel errs at its step, if that is known
    usual = float(counts.sum() if experience.growth is None else counts @ experience.growth)
    scale = float(np.abs(errors[known]).sum()) / usual if usual > 0 else 0.0
    if usual <= 0:  # nothing is known of its errors
        scale = 1e-3 * float(np.abs(centre).mean())
    quantiles = centre[:, None] + _spread(errors, scale, counts, evidence, experience)
    if positive and experience.logs > 0 and known.any():
        logarithmic = _log_quantiles(middle.ensemble, middle.actual)
        quantiles = (1 - experience.logs) * quantiles + experience.logs * logarithmic
    return Distribution(centre, np.sort(quantiles, axis=1), middle.weights, errors, scale)


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
