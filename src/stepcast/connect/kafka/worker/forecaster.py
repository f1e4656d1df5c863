"""What a worker needs of whatever forecasts: the series of one partition, updated and forecast together."""

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
    """What became of the values of a period, for each of them.

    ``surprising``  outside all that was forecast one period before.
    ``drifting``    not alone: the series has changed.
    """

    surprising: Flags
    drifting: Flags

    @classmethod
    def unknown(cls, count: int) -> "Outcome":
        return cls(np.zeros(count, bool), np.zeros(count, bool))


class Series(Protocol):
    """The series of a partition, numbered 0, 1, 2... in the order in which they were added.

    The same calls give the same bits, whichever process makes them.
    """

    def add(self, ids: Sequence[str]) -> Integers:
        """Make room for items; the last period that it knows of each, ``NEW`` where it knows nothing."""

    def update(self, slots: Integers, period: int, values: Floats) -> Outcome:
        """``values`` (slots,) were observed or filled in at ``period``, nan where nothing is known.

        Periods rise, and may leave some out: nothing is known of these.
        """

    def forecast(self, slots: Integers, origin: int) -> Floats:
        """(slots, horizon, outputs) of the periods after ``origin``, the last one that was updated."""

    def to_bytes(self, slots: Integers) -> list[bytes]:
        """All there is to know of each series."""

    def put(self, ids: Sequence[str], records: Sequence[bytes]) -> None:
        """Add series as they were written, with the next numbers."""


class Forecaster(Protocol):
    """A predictor that can go on."""

    name: str
    frequency: Frequency
    horizon: int

    @property
    def outputs(self) -> Outputs: ...

    @property
    def end(self) -> int | None:
        """The last period that it was trained on; None where it was not."""

    def prepare(self, ids: Sequence[str]) -> None:
        """Do now what takes long when these items are added; another thread may go on forecasting."""

    def series(self) -> Series:
        """Of a partition, empty."""
