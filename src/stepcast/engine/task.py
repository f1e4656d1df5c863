"""What the engine is asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Metric", "Outputs", "Task", "quantiles_of"]

Outputs = Sequence[float | Literal["mean"]]
Metric = Literal["AverageWeightedQuantileLoss", "WAPE", "RMSE", "MASE", "MAPE"]


@dataclass(frozen=True)
class Task:
    """How far ahead, which outputs, by which algorithm and how it is judged.

    ``outputs``  quantiles in rising order, then ``"mean"`` if asked for: the last axis of forecast arrays.
    ``algorithm`` a model by name (see models); None is the AutoPredictor.
    ``windows``  backtest windows; window k = 1..n starts ``offset + (k - 1) * horizon`` before the end.
    ``parameters`` of a named algorithm, as TrainingParameters has them (text to text).
    ``holidays`` countries whose public holidays may explain the series, as the specification codes them.
    ``budget_seconds`` CPU seconds of one core that training all series may take; None is as long as it takes.
    """

    horizon: int
    outputs: tuple[float | Literal["mean"], ...] = (0.1, 0.5, 0.9)
    algorithm: str | None = None
    metric: Metric = "AverageWeightedQuantileLoss"
    windows: int = 1
    offset: int = 0  # 0 means horizon
    parameters: Mapping[str, str] = field(default_factory=dict)
    holidays: tuple[str, ...] = ()
    budget_seconds: float | None = None

    @property
    def quantiles(self) -> tuple[float, ...]:
        return quantiles_of(self.outputs)

    def window_start(self, window: int) -> int:
        """How many periods before the end window 1, 2, ... starts."""
        return (self.offset or self.horizon) + (window - 1) * self.horizon


def quantiles_of(outputs: Outputs) -> tuple[float, ...]:
    """``outputs`` without the mean."""
    return tuple(output for output in outputs if output != "mean")
