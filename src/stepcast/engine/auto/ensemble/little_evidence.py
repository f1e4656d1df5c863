"""How large the errors of a series may be that has hardly any of its own: from its changes and its level."""

import numpy as np

from stepcast.engine.arrays import Floats

__all__ = ["ENOUGH", "ENOUGH_WITH_KIN", "GROWTH", "scale_of_little"]

# Past origins from which a series' errors speak for themselves: alone, and where those of others are known.
ENOUGH, ENOUGH_WITH_KIN = 12, 4
# Of the level, the errors of a single value, of which nothing is known.
SHARE_OF_LEVEL = 0.2
LEVEL_COUNTS = 0.25  # changes that what is said of the level counts like
CHANGES_COUNT = 4.0  # origins that the changes count like, without any errors; with enough they do not
# Errors grow with this power of the steps: values around a level keep 0, a random walk 1/2, and few values do
# not tell them apart.
GROWTH = 1 / 3


def scale_of_little(scale: float, origins: int, enough: int, values: Floats, season: int) -> float:
    """The mean size of an error: ``scale``, that of errors at so many past ``origins``, as far as they tell.

    The fewer they are than ``enough``, the more the changes of ``values`` (time,), nan unknown, count: from
    one known value to the next, or over a ``season`` where they are smaller. Of few changes the true size is
    uncertain, and small ones may be chance: hence they are widened, and the level counts a little.
    Sizes are averaged as logarithms. Where no value differs from another, nothing is changed.
    """
    if origins >= enough:
        return scale
    seen = values[np.isfinite(values)]
    level = SHARE_OF_LEVEL * float(np.abs(seen).mean()) if len(seen) else 0.0
    if len(seen) < 2:
        return max(scale, level)
    count, sizes = len(seen) - 1, float(np.abs(np.diff(seen)).mean())
    seasonal = np.abs(values[season:] - values[:-season])
    if season > 1 and np.isfinite(seasonal).any():
        sizes = min(sizes, float(np.nanmean(seasonal)))
    if sizes <= 0 or level <= 0:
        return scale
    expected = sizes * (1 + 1 / count)
    expected *= float((level / expected) ** (LEVEL_COUNTS / (LEVEL_COUNTS + count)))
    weight = CHANGES_COUNT * (1 - origins / enough)
    if scale <= 0:
        return expected
    return float(scale * (expected / scale) ** (weight / (weight + origins)))
