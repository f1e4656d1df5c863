"""What the engine reads: many series on one grid, all ending at the same period."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stepcast.engine.frequency import Frequency

__all__ = ["Panel"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Panel:
    """Series of different lengths on the grid of ``frequency``; every series ends at period ``end``.

    ``ids``       a label for each series, for messages.
    ``values``    one float array a series, oldest first; nan is missing.
    ``observed``  one bool array a series: False where ``values`` was filled in, so it is never scored.
    ``end``       the number of the last period (see calendar); a forecast begins one after it.
    """

    ids: tuple[str, ...]
    values: tuple[Floats, ...]
    observed: tuple[Flags, ...]
    end: int
    frequency: Frequency

    def __len__(self) -> int:
        return len(self.ids)
