"""How much harder some phases of the season are to forecast than others: nights are quiet, rush hours not."""

import numpy as np

from stepcast.engine.arrays import Floats
from stepcast.engine.auto.compiled import compiled
from stepcast.engine.auto.series.seasons import Seasons

__all__ = ["seasonal_spread"]


FEWEST, MOST = 3, 26  # cycles that are looked at
SHRINKAGE = 4.0  # cycles that what is expected of a phase counts as


def seasonal_spread(values: Floats, seasons: Seasons) -> Floats | None:
    """The usual size (cycle,) of changes from one cycle to the next by phase, relative to that of all phases.

    ``values`` (time,), nan where not known, begin with phase 0. The cycle is the longest that was seen three
    times; None if there is none. A phase of a week is shrunk to that of its day, and this to one.

    >>> quiet_then_loud = np.tile([5.0, 5.0, 0.0, 5.0, 5.0, 10.0], 20)
    >>> seasonal_spread(quiet_then_loud, Seasons(3, 0)).round(2)
    array([0.02, 0.02, 2.96])
    """
    known = (one for one in (seasons.cycle, seasons.long, seasons.short) if one > 1)
    cycle = next((one for one in known if len(values) >= FEWEST * one), 0)
    if not cycle:
        return None
    short = seasons.short if seasons.short > 1 and cycle % seasons.short == 0 else cycle
    slot = seasons.slot if cycle == seasons.far else 1
    result = np.empty(cycle)
    _spread(values, cycle, short, slot, result)
    return result


@compiled
def _spread(values, cycle, short, slot, out):  # type: ignore[no-untyped-def]
    """Relative sizes into ``out`` (cycle,); the phases of a ``slot`` count together."""
    phases, shorts = -(-cycle // slot), -(-short // slot)
    own, seen = np.zeros(phases), np.zeros(phases)
    usual, known = np.zeros(shorts), np.zeros(shorts)
    for at in range(max(cycle, len(values) - MOST * cycle), len(values)):
        change = abs(values[at] - values[at - cycle])
        if not np.isnan(change):
            own[at % cycle // slot] += change
            seen[at % cycle // slot] += 1
            usual[at % short // slot] += change
            known[at % short // slot] += 1
    mean = usual.sum() / max(known.sum(), 1.0)
    if mean <= 0:
        out[:] = 1.0
        return
    for phase in range(shorts):
        cycles = known[phase] / slot
        relative = usual[phase] / max(known[phase], 1.0) / mean
        usual[phase] = (cycles * relative + SHRINKAGE) / (cycles + SHRINKAGE)
    for at in range(cycle):
        phase = at // slot
        cycles = seen[phase] / slot
        relative = own[phase] / max(seen[phase], 1.0) / mean
        out[at] = (cycles * relative + SHRINKAGE * usual[at % short // slot]) / (cycles + SHRINKAGE)
