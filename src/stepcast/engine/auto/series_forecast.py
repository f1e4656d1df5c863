"""What a series is likely to do after an origin: quantiles from every source, blended and calibrated."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stepcast.engine.auto.ensemble.cross_validation import Evidence, evidence_of
from stepcast.engine.auto.ensemble.distribution import distribution_at, seen_at
from stepcast.engine.auto.ensemble.residual_quantiles import PROBABILITIES, with_mean
from stepcast.engine.auto.panel_fit import Lessons
from stepcast.engine.auto.series.bounds import bounds_at
from stepcast.engine.auto.series.history import History
from stepcast.engine.auto.series.seasons import Seasons
from stepcast.engine.auto.sources.count_forecast import CountOutlook, counted_at
from stepcast.engine.auto.sources.empirical import empirical_quantiles

__all__ = ["Outlook", "counts_alone", "examine", "from_end", "outlook_at", "tables_of"]

Floats = NDArray[np.float64]

SANE_RANGES = 2.0  # how many widths of the observed range any quantile may leave it by
MENTIONED = 0.02  # members that weigh less are left out of an explanation


@dataclass(frozen=True)
class Outlook:
    """A series from one origin.

    ``sources``  (horizon, PROBABILITIES) quantiles of its members' errors, and of its past values; zeros
                 where these do not count.
    ``weights``  of the members that matter, mean over the steps, heaviest first.
    ``counts``   the same as counts, of which the panel's lessons say what they count; None where it is none.
    """

    history: History
    origin: int
    seasons: Seasons
    sources: tuple[Floats, Floats]
    weights: tuple[tuple[str, float], ...]
    counts: CountOutlook | None


def examine(history: History, horizon: int, lessons: Lessons) -> Evidence:
    """Forecast ``history``, which is not empty, from past origins and from its end."""
    history = history.with_pool(lessons.pool)
    return evidence_of(history, horizon, lessons.origins, lessons.before, lessons.after, lessons.quick)


def from_end(history: History, horizon: int, lessons: Lessons) -> "Outlook | CountOutlook":
    """The series, which is not empty, from its end."""
    counts = counted_at(history, len(history), horizon)
    if counts is not None and counts_alone(counts, lessons):
        return counts
    found = examine(history, horizon, lessons)
    return outlook_at(history, found, len(found.origins) - 1, lessons, counts)


def counts_alone(counts: CountOutlook, lessons: Lessons) -> bool:
    """Whether no member needs to be asked."""
    return counts.sparse or lessons.counted == 1


def outlook_at(
    history: History, found: Evidence, place: int, lessons: Lessons, counts: CountOutlook | None
) -> Outlook:
    """The series from origin number ``place`` of what was found by ``examine``; ``counts`` if it is such."""
    made = distribution_at(found, seen_at(found, place, lessons.metric), lessons.experience, history.positive)
    origin = int(found.origins[place])
    past = np.zeros_like(made.quantiles)
    if lessons.calibration.shares[1] > 0:
        past = empirical_quantiles(history.values[:origin], found.seasons, len(past))
    mean = made.weights.mean(axis=1)
    order = [place for place in np.argsort(-mean, kind="stable") if mean[place] >= MENTIONED]
    weights = tuple((found.names[place], round(float(mean[place]), 4)) for place in order)
    return Outlook(history, origin, found.seasons, (made.quantiles, past), weights, counts)


def tables_of(outlooks: Sequence[Outlook | CountOutlook], horizon: int, lessons: Lessons) -> Floats:
    """Quantiles and the mean (series, horizon, PROBABILITIES + 1) in the units of the series."""
    result = np.empty((len(outlooks), horizon, len(PROBABILITIES) + 1))
    grown = iter(_grown([one for one in outlooks if isinstance(one, Outlook)], horizon, lessons))
    limit = np.finfo(np.float64).max
    for place, outlook in enumerate(outlooks):
        if isinstance(outlook, CountOutlook):
            result[place] = outlook.table
            continue
        sources, trees = [*outlook.sources], next(grown)
        if lessons.trees is not None:
            sources.append(trees)
        table = lessons.calibration.apply(np.stack(sources))
        low, high = bounds_at(outlook.history, np.array([outlook.origin]), horizon, SANE_RANGES)
        with np.errstate(over="ignore", under="ignore"):
            scaled = np.ldexp(np.clip(table, low, high), outlook.history.exponent)
        result[place] = with_mean(np.clip(scaled, -limit, limit))
        if outlook.counts is not None:
            result[place] += lessons.counted * (outlook.counts.table - result[place])
    return result


def _grown(outlooks: Sequence[Outlook], horizon: int, lessons: Lessons) -> Floats:
    """The trees' quantiles (series, horizon, PROBABILITIES); zeros where they do not count."""
    if lessons.trees is None or not outlooks or lessons.calibration.shares[-1] == 0:
        return np.zeros((len(outlooks), horizon, len(PROBABILITIES)))
    origins = np.array([outlook.origin for outlook in outlooks])
    return lessons.trees.quantiles([outlook.history for outlook in outlooks], origins, horizon)
