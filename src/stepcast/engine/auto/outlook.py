"""What a series is likely to do after an origin: quantiles from every source, blended and calibrated."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stepcast.engine.auto.distribution import distribution_at, seen_at
from stepcast.engine.auto.empirical import empirical_quantiles
from stepcast.engine.auto.evidence import Evidence, evidence_of
from stepcast.engine.auto.history import History
from stepcast.engine.auto.lessons import Lessons
from stepcast.engine.auto.reason import bounds_at
from stepcast.engine.auto.seasons import Seasons
from stepcast.engine.auto.spread import PROBABILITIES

__all__ = ["Outlook", "examine", "outlook_at", "tables_of"]

Floats = NDArray[np.float64]

SANE_RANGES = 2.0  # how many widths of the observed range any quantile may leave it by
MENTIONED = 0.02  # members that weigh less are left out of an explanation


@dataclass(frozen=True)
class Outlook:
    """A series from one origin.

    ``sources``  (horizon, PROBABILITIES) quantiles of its members' errors, and of its past values; zeros
                 where these do not count.
    ``weights``  of the members that matter, mean over the steps, heaviest first.
    """

    history: History
    origin: int
    seasons: Seasons
    sources: tuple[Floats, Floats]
    weights: tuple[tuple[str, float], ...]


def examine(history: History, horizon: int, lessons: Lessons) -> Evidence:
    """Forecast ``history``, which is not empty, from past origins and from its end."""
    return evidence_of(
        history.with_pool(lessons.pool), horizon, lessons.origins, lessons.before, lessons.after
    )


def outlook_at(history: History, found: Evidence, place: int, lessons: Lessons) -> Outlook:
    """The series from origin number ``place`` of what was found by ``examine``."""
    made = distribution_at(found, seen_at(found, place), lessons.experience, history.positive)
    origin = int(found.origins[place])
    past = np.zeros_like(made.quantiles)
    if lessons.calibration.shares[1] > 0:
        past = empirical_quantiles(history.values[:origin], found.seasons, len(past))
    mean = made.weights.mean(axis=1)
    order = [place for place in np.argsort(-mean, kind="stable") if mean[place] >= MENTIONED]
    weights = tuple((found.names[place], round(float(mean[place]), 4)) for place in order)
    return Outlook(history, origin, found.seasons, (made.quantiles, past), weights)


def tables_of(outlooks: Sequence[Outlook], horizon: int, lessons: Lessons) -> Floats:
    """Quantiles (series, horizon, PROBABILITIES) in the units of the series."""
    result = np.empty((len(outlooks), horizon, len(PROBABILITIES)))
    grown = _grown(outlooks, horizon, lessons)
    limit = np.finfo(np.float64).max
    for place, outlook in enumerate(outlooks):
        sources = [*outlook.sources, grown[place]] if lessons.trees is not None else [*outlook.sources]
        table = lessons.calibration.apply(np.stack(sources))
        low, high = bounds_at(outlook.history, np.array([outlook.origin]), horizon, SANE_RANGES)
        with np.errstate(over="ignore", under="ignore"):
            scaled = np.ldexp(np.clip(table, low, high), outlook.history.exponent)
        result[place] = np.clip(scaled, -limit, limit)
    return result


def _grown(outlooks: Sequence[Outlook], horizon: int, lessons: Lessons) -> Floats:
    """The trees' quantiles (series, horizon, PROBABILITIES); zeros where they do not count."""
    if lessons.trees is None or not outlooks or lessons.calibration.shares[-1] == 0:
        return np.zeros((len(outlooks), horizon, len(PROBABILITIES)))
    origins = np.array([outlook.origin for outlook in outlooks])
    return lessons.trees.quantiles([outlook.history for outlook in outlooks], origins, horizon)
