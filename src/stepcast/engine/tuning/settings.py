"""How much is tried, and how."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["SamplerName", "TuningSettings"]

SamplerName = Literal["TPE", "random", "grid", "QMC"]


@dataclass(frozen=True)
class TuningSettings:
    """``trials`` at most, the default among them; no more are begun once they took ``seconds`` of CPU."""

    trials: int = 20
    seconds: float | None = None
    sampler: SamplerName = "TPE"
    prune: bool = True
    seed: int = 0
