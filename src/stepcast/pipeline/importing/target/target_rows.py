"""Rows of the target as numbers: series, time and value."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stepcast.engine.arrays import Integers

__all__ = ["TargetRows"]


@dataclass(frozen=True)
class TargetRows:
    """The rows of a batch that have a value.

    ``present``     which rows of the batch these are.
    ``series``      numbers; ``seconds`` moments since 1970; ``values`` of the target.
    ``dimensions``  the columns that distinguish rows within a series.
    """

    present: NDArray[np.bool_]
    series: Integers
    seconds: Integers
    values: NDArray[np.float64]
    dimensions: tuple[pa.Array, ...]
