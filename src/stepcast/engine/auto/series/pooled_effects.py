"""Effects of covariates, pooled over the series of a panel."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from stepcast.engine.arrays import Floats

__all__ = ["Kind", "PooledEffects", "family_of"]

Kind = Literal["logs", "ratios", "sums"]


@dataclass(frozen=True)
class PooledEffects:
    """Effects pooled over a panel, by name of a column with the kind of its effect as prefix.

    ``means`` and ``variances`` (columns,) of the coefficients over the series.
    """

    names: tuple[str, ...]
    means: Floats
    variances: Floats

    def of(self, kind: Kind, names: tuple[str, ...]) -> tuple[Floats, Floats]:
        """Mean and variance for each of ``names``; nan where the panel has none."""
        places = {name: place for place, name in enumerate(self.names)}
        found = [places.get(f"{family_of(kind)} {name}", -1) for name in names]
        known = np.array(found) >= 0
        return (
            np.where(known, self.means[found], np.nan) if len(self.means) else np.full(len(names), np.nan),
            np.where(known, self.variances[found], np.nan)
            if len(self.means)
            else np.full(len(names), np.nan),
        )


def family_of(kind: Kind) -> str:
    """Logarithms and ratios measure the same: shares of the level."""
    return "sums" if kind == "sums" else "shares"
