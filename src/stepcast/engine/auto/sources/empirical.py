"""The non-parametric member: quantiles of past values themselves, recent ones and those of the phase more."""

import numpy as np

from stepcast.engine.arrays import Floats
from stepcast.engine.auto.compiled import compiled
from stepcast.engine.auto.series.quantile_grid import PROBABILITIES
from stepcast.engine.auto.series.seasons import Seasons

__all__ = ["empirical_quantiles"]


MEMORY, FAR_MEMORY = 60, 26  # cycles, without season values, that are looked at
FADING = 0.08  # weight lost from one to the one before it, without season; with one, SEASONAL_FADING
SEASONAL_FADING = 0.25


def empirical_quantiles(values: Floats, seasons: Seasons, horizon: int) -> Floats:
    """Quantiles (horizon, PROBABILITIES) of the values of the same phase of the longest season.

    Of a far cycle, the values of the half hour around the phase count.

    Source:  the idea of NPTS, Amazon's Non-Parametric Time Series forecaster, without its sampling.
    """
    season = seasons.far or seasons.long or seasons.short
    fading = SEASONAL_FADING if season > 1 else FADING
    counted = np.exp(-fading * np.arange(FAR_MEMORY if seasons.far else MEMORY))
    result = np.empty((horizon, len(PROBABILITIES)))
    _phases(values, season, seasons.slot, counted, PROBABILITIES, result)
    return result


@compiled
def _phases(values, season, slot, fading, probabilities, out):  # type: ignore[no-untyped-def]
    """Quantiles of the latest values of each phase into ``out`` (horizon, probabilities).

    ``fading`` (cycles looked at,) is what a value of each counts, the latest first: those of a ``slot``
    around the phase count alike.
    """
    seen, weight = np.empty(slot * len(fading)), np.empty(slot * len(fading))
    for step in range(len(out)):
        if step >= season:
            out[step] = out[step - season]
            continue
        size, total, cycle = 0, 0.0, 0
        place = len(values) - season + step if len(values) - season + step >= 0 else len(values) - 1
        while place >= 0 and cycle < len(fading):
            first = max(place - slot // 2, 0)
            for near in range(first, min(first + slot, len(values))):
                at = size
                while at > 0 and seen[at - 1] > values[near]:
                    seen[at], weight[at] = seen[at - 1], weight[at - 1]
                    at -= 1
                seen[at], weight[at] = values[near], fading[cycle]
                total += fading[cycle]
                size += 1
            cycle += 1
            place -= season
        rank = np.cumsum(weight[:size]) - 0.5 * weight[:size]
        out[step] = np.interp(probabilities, rank / total, seen[:size])
