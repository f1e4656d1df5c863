"""The interface of predictors: the series of one partition, updated and forecast together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from stepcast.engine.arrays import Flags, Floats, Integers
from stepcast.engine.frequency import Frequency
from stepcast.engine.task import Outputs

__all__ = ["NEW", "Forecaster", "Outcome", "Series"]

NEW = -(2**62)  # before any period


@dataclass(frozen=True)
class Outcome:
    """How the values of a period compare with their forecasts, by value.

    ``surprising``  outside the quantiles that were forecast one period before.
    ``drifting``    the series has changed, beyond single values.
    """

    surprising: Flags
    drifting: Flags

    @classmethod
    def unknown(cls, count: int) -> "Outcome":
        return cls(np.zeros(count, bool), np.zeros(count, bool))


class Series(Protocol):
    """The series of a partition, numbered (slots) in the order in which they were added.

    The same calls give the same bits in any process.
    """

    def add(self, ids: Sequence[str]) -> Integers:
        """Add items; returns the last period each was trained on, ``NEW`` if none."""

    def update(self, slots: Integers, period: int, values: Floats) -> Outcome:
        """Update with ``values`` (slots,), observed or filled in at ``period``; nan if missing.

        Periods increase; those left out are missing.
        """

    def forecast(self, slots: Integers, origin: int) -> Floats:
        """Forecasts (slots, horizon, outputs) of the periods after ``origin``, the last one updated."""

    def to_bytes(self, slots: Integers) -> list[bytes]:
        """The complete state of each series."""

    def put(self, ids: Sequence[str], records: Sequence[bytes]) -> None:
        """Add series from ``to_bytes``, in the next slots."""


class Forecaster(Protocol):
    """A predictor that can be updated."""

    name: str
    frequency: Frequency
    horizon: int

    @property
    def outputs(self) -> Outputs: ...

    @property
    def end(self) -> int | None:
        """The last period that it was trained on; None if it was not trained."""

    def prepare(self, ids: Sequence[str]) -> None:
        """Prepare the slow part of adding these items, while another thread may be forecasting."""

    def series(self) -> Series:
        """Empty series for one partition."""
