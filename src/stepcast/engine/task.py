"""What the engine is asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from stepcast.engine.errors import ImpossibleTask
from stepcast.engine.known_bounds import Bounds

__all__ = ["AUTO", "Metric", "Outputs", "Task", "quantiles_of"]

AUTO = "AutoPredictor"
Outputs = Sequence[float | Literal["mean"]]
Metric = Literal["AverageWeightedQuantileLoss", "WAPE", "RMSE", "MASE", "MAPE"]


@dataclass(frozen=True)
class Task:
    """How far ahead, which outputs, by which algorithm, and how it is scored.

    ``outputs``  quantiles in rising order, then ``"mean"`` if asked for: the last axis of forecast arrays.
    ``algorithm`` by name (see algorithms).
    ``windows``  backtest windows; window k = 1..n starts ``offset + (k - 1) * horizon`` before the end.
    ``parameters`` of a named algorithm, as TrainingParameters has them (text to text).
    ``holidays`` countries whose public holidays may explain the series, as the specification codes them.
    ``network``  a neural algorithm that has a share in the AutoPredictor's forecasts where it pays; its
                 ``parameters`` are then those of the task. "" is none.
    ``model``    the file of a model of the user's own; only ``fit_shared`` needs it.
    ``bounds``   of the target, which forecasts keep. Nothing is learned from them: they cut what is forecast.
    ``sums``     whether the series are sums of others: these are forecast by what all series teach and
                 by what sums teach by themselves.
    ``every_window`` whether a backtest forecasts a series also where nothing of it was observed.
    ``budget_seconds`` CPU seconds of one core that training all series may take; None is as long as it takes.
    """

    horizon: int
    outputs: tuple[float | Literal["mean"], ...] = (0.1, 0.5, 0.9)
    algorithm: str = AUTO
    metric: Metric = "AverageWeightedQuantileLoss"
    windows: int = 1
    offset: int = 0  # 0 means horizon
    parameters: Mapping[str, str] = field(default_factory=dict)
    holidays: tuple[str, ...] = ()
    budget_seconds: float | None = None
    model: bytes = b""
    network: str = ""
    every_window: bool = field(default=False, repr=False)
    sums: bool = field(default=False, repr=False)
    bounds: Bounds = field(default=Bounds(), repr=False)  # states that are updated online do not depend on it

    @property
    def quantiles(self) -> tuple[float, ...]:
        return quantiles_of(self.outputs)

    def check(self) -> None:
        """Raises ImpossibleTask where the task contradicts itself."""
        if self.horizon < 1 or self.windows < 1:
            raise ImpossibleTask(
                f"horizon is {self.horizon} and windows is {self.windows}: both must be 1 or more"
            )
        if self.offset and self.offset < self.horizon:
            raise ImpossibleTask(
                f"the backtest window offset is {self.offset}, less than the horizon {self.horizon}: the "
                f"latest window would end after the data; write {self.horizon} or more, or 0 for the horizon"
            )
        self.bounds.check()
        if self.network and self.algorithm != AUTO:
            raise ImpossibleTask(
                f"network is {self.network} and algorithm {self.algorithm}: only the {AUTO} takes a network; "
                f"leave one of them out"
            )
        quantiles = self.quantiles
        rising = all(left < right for left, right in pairwise(quantiles))
        if not self.outputs or not rising or not all(0 < quantile < 1 for quantile in quantiles):
            raise ImpossibleTask(
                f"outputs are {self.outputs}: write quantiles between 0 and 1 in ascending order, or mean"
            )
        if self.outputs not in (quantiles, (*quantiles, "mean")):
            raise ImpossibleTask(f"outputs are {self.outputs}: mean must come last, and only once")

    def window_start(self, window: int) -> int:
        """How many periods before the end window 1, 2, ... starts."""
        return (self.offset or self.horizon) + (window - 1) * self.horizon


def quantiles_of(outputs: Outputs) -> tuple[float, ...]:
    """``outputs`` without the mean."""
    return tuple(output for output in outputs if output != "mean")
