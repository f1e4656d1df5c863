"""The kinds of arrays that the engine passes around; docstrings give their shapes."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["Flags", "Floats", "Integers", "Moments"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
Moments = NDArray[np.datetime64]
