"""The options of a stream: how observations become periods, and when forecasts are written."""

from dataclasses import dataclass
from typing import Literal

from stepcast.connect.kafka.worker.bucket import Aggregation, Doubled

__all__ = ["Emission", "Plan"]


@dataclass(frozen=True)
class Emission:
    """When forecasts are written: every ``every`` periods; 0 means every horizon, so one is always valid.

    ``on_change``  also when a value was outside the forecast quantiles.
    """

    every: int = 1
    on_change: bool = False


@dataclass(frozen=True)
class Plan:
    """How raw events become the values of periods.

    ``lateness``  milliseconds of event time by which observations may be out of order: a period is closed
                  when the partition has seen a time this much after its end.
    ``doubled``   how to treat an observation with the same time as one of the ``window`` before it of its
                  item and period.
    ``filling``   of a period without an observation: zero, nan, value, mean, median, min or max.
    ``ahead``     milliseconds by which an observation may be later than its message; None: no limit.
    """

    aggregation: Aggregation = "sum"
    lateness: int = 0
    doubled: Doubled = "replace"
    window: int = 16
    filling: Literal["zero", "nan", "value", "mean", "median", "min", "max"] = "nan"
    filling_value: float | None = None
    emission: Emission = Emission()
    ahead: int | None = None
