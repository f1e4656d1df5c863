"""What a stream does with observations, as its user asks."""

from dataclasses import dataclass
from typing import Literal

from stepcast.connect.kafka.worker.bucket import Aggregation, Doubled

__all__ = ["Emission", "Plan"]


@dataclass(frozen=True)
class Emission:
    """When forecasts are written: every ``every`` periods; 0 is their horizon, so that one is always valid.

    ``on_change``  also when a value was outside all that was forecast.
    """

    every: int = 1
    on_change: bool = False


@dataclass(frozen=True)
class Plan:
    """How raw events become the values of periods.

    ``lateness``  milliseconds of event time by which observations may come out of order: a period is closed
                  when the partition has seen a moment that much after its end.
    ``doubled``   what becomes of an observation with the moment of an earlier one of its item and period,
                  among the ``window`` before it.
    ``filling``   of a period without an observation: zero, nan, value, mean, median, min or max.
    ``ahead``     milliseconds that an observation may be stamped after its message; None is any.
    """

    aggregation: Aggregation = "sum"
    lateness: int = 0
    doubled: Doubled = "replace"
    window: int = 16
    filling: Literal["zero", "nan", "value", "mean", "median", "min", "max"] = "nan"
    filling_value: float | None = None
    emission: Emission = Emission()
    ahead: int | None = None
