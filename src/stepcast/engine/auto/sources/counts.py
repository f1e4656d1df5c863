"""The distribution of counts to come: whole numbers, with as many zeros as there will be."""

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.auto.members.intermittent_kernels import count_distribution
from stepcast.engine.auto.series.history import has_zeros
from stepcast.engine.auto.series.quantile_grid import PROBABILITIES
from stepcast.engine.auto.series.seasons import Seasons

__all__ = ["are_sparse", "count_forecast", "suit_counts"]


# Values that a count keeps its weight for, by half; a phase of the season keeps it for so many seasons.
HALF_LIVES = np.array([3.0, 8.0, 20.0, 60.0, 200.0, np.inf])
CYCLE_HALF_LIVES = np.array([2.0, 6.0, 20.0, np.inf])
MEMORIES, CYCLE_MEMORIES = 0.5 ** (1 / HALF_LIVES), 0.5 ** (1 / CYCLE_HALF_LIVES)
# Larger counts are distinguished in steps of the largest divided by this number.
MOST_BINS = 128
ROOM = 12  # bins beyond twice the largest count
ORIGINS = 12  # past moments at which the simple distributions are scored
LONGEST = 4_000  # values that are looked at
LONGEST_SEASON = 336
FADING = 0.8  # what a score still counts at the next origin
POWER = 2.0  # how much the better simple distributions count: anything from 0.3 to 30 does about as well


def suit_counts(values: Floats) -> bool:
    """Whether ``values`` (time,), in the units of the series, are counts with zeros.

    Whole numbers, none negative, with zeros as ``has_zeros`` counts them.

    >>> suit_counts(np.array([0.0, 2.0, 0.0, 1.0])), suit_counts(np.array([0.0, 0.0, 3.0, 4.0]))
    (True, False)
    """
    return bool(values.min() >= 0 and (values == np.rint(values)).all()) and has_zeros(values)


def are_sparse(values: Floats) -> bool:
    """Whether most of the later half of ``values`` (time,) are zero."""
    return bool((values[len(values) // 2 :] == 0).mean() > 0.5)


def count_forecast(counts: Floats, seasons: Seasons, horizon: int) -> tuple[Floats, Floats]:
    """Quantiles (horizon, PROBABILITIES) and means (horizon,) of counts to come.

    Shapes:  ``counts`` (time,), one or more, oldest first, not negative; what is not whole (a gap that was
             filled) is rounded. ``seasons`` as the members have them.
    A quantile is the smallest count that is exceeded no more often than asked: whole, and best by pinball
    loss. The distribution is a mean of many simple ones, each weighed by how well it would have done at past
    origins (by the ranked probability score, so that all quantiles count):

    seen               what was observed, recent values more, for six memories
    negative binomial  with the mean and the dispersion of recent values, for six memories
    hurdle             a chance of zero, and a negative binomial above it, for six memories
    by the season      the second with a mean for each phase, the first of the same phase

    >>> count_forecast(np.array([0.0, 0.0, 0.0, 1.0] * 6), Seasons(1, 0), 1)[0][0, [0, 7, 13]]
    array([0., 0., 1.])

    Source:  Snyder, Ord and Beaumont (2012) compare such distributions on car parts; Gneiting and Raftery
             (2007) for the score.
    """
    recent = np.rint(counts[-LONGEST:])
    width = max(1.0, float(np.ceil(recent.max() / MOST_BINS)))
    binned = np.rint(recent / width).astype(np.int64)
    longest = seasons.long if 1 < seasons.long <= LONGEST_SEASON else seasons.short
    season = longest if 1 < longest <= LONGEST_SEASON else 1
    table = np.empty((min(season, horizon), 2 * int(binned.max()) + ROOM))
    weights = np.empty(3 * len(MEMORIES) + (season > 1) * (len(MEMORIES) + len(CYCLE_MEMORIES)))
    origins = _origins(len(binned), season)
    count_distribution(
        binned, season, MEMORIES, CYCLE_MEMORIES, origins, horizon, FADING, POWER, table, weights
    )
    # of 0.1 + 2e-17 the tenth: rounding must not move a quantile by one
    quantiles = (table[:, None, :] < PROBABILITIES[:, None] - 1e-9).sum(axis=2) * width
    means = np.maximum(1 - table, 0.0).sum(axis=1) * width  # sums of chances round to just above one
    phase = np.arange(horizon) % len(table)
    return quantiles[phase], means[phase]


def _origins(length: int, season: int) -> Integers:
    """Past moments to score at, as far back as there is something to learn from before them, and the end."""
    first = max(min(2 * season, length // 2), min(4, length - 1), 1)
    step = max(1, -(-(length - first) // ORIGINS))
    while step > 1 and season > 1 and np.gcd(step, season) > 1:
        step += 1
    return np.append(np.arange(length - 1, first - 1, -step)[::-1], length)
