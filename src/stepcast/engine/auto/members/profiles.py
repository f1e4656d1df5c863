"""Members that know the usual course of a cycle from many of it: robust, and the level of today added."""

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.auto.compiled import compiled
from stepcast.engine.auto.series.seasons import Seasons

__all__ = ["profiles"]


FEWEST_FAR, FEWEST, MOST = 2, 6, 26  # cycles that a profile is of
NAMES = ("median_cycle", "level_median_cycle", "fading_median_cycle")
RECENT = 12  # values that tell today's level


def profiles(
    values: Floats, seasons: Seasons, origins: Integers, horizon: int
) -> tuple[tuple[str, ...], Floats]:
    """Names, and forecasts (names, origins, horizon): medians of the same phase of the last cycles, as they
    are, and moved by how far the last values lie from them, for good and fading."""
    season = seasons.cycle
    if not season or len(values) < season * (FEWEST_FAR if seasons.far else FEWEST):
        return (), np.empty((0, len(origins), horizon))
    out = np.empty((3, len(origins), horizon))
    _profiles(values, season, seasons.slot, origins, out)
    return NAMES, out


@compiled
def _profiles(values, season, slot, origins, out):  # type: ignore[no-untyped-def]
    """The median profile, the same at today's level, and that fading, into ``out`` (3, origins, horizon)."""
    horizon = out.shape[2]
    seen = np.empty(MOST * slot)
    for place in range(len(origins)):
        origin = origins[place]
        recent = min(RECENT, origin - 1)
        first = -recent
        offset, known = 0.0, 0
        for step in range(first, min(horizon, season)):
            cycles = count = 0
            at = origin + step - season
            while at >= 0 and cycles < MOST:
                for place_in_slot in range(max(at - slot // 2, 0), min(at - slot // 2 + slot, origin)):
                    seen[count] = values[place_in_slot]
                    count += 1
                cycles += 1
                at -= season
            if count == 0:
                middle = values[max(origin - 1 if step >= 0 else origin + step, 0)]
            else:
                halves = np.partition(seen[:count], count // 2)
                upper = halves[count // 2]
                middle = upper if count % 2 else (halves[: count // 2].max() + upper) / 2
            if step < 0:
                offset += values[origin + step] - middle
                known += 1
            else:
                out[0, place, step] = middle
        offset /= max(known, 1)
        fades = np.exp(-1.0 / max(season / 4, 4.0))
        left = offset
        for step in range(horizon):
            if step >= season:
                out[0, place, step] = out[0, place, step - season]
            left *= fades
            out[1, place, step] = out[0, place, step] + offset
            out[2, place, step] = out[0, place, step] + left
