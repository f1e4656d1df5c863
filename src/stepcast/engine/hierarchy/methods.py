"""How forecasts of all levels are made to agree, by name; read without NumPy."""

from typing import Literal

__all__ = ["Method"]

Method = Literal["MinT", "BottomUp", "TopDown"]
