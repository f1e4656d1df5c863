"""A forecaster for tests of what lies around it: a level for each item, smoothed by a tenth."""

import struct
from collections.abc import Sequence

import numpy as np

from stepcast.connect.kafka.worker.forecaster import NEW, Outcome
from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.frequency import Frequency

RATE = 0.1


class Levels:
    """Of a partition; a new item begins with its first value."""

    def __init__(self, horizon: int) -> None:
        self.horizon = horizon
        self.level = np.zeros(0)

    def add(self, ids: Sequence[str]) -> Integers:
        self.level = np.concatenate([self.level, np.full(len(ids), np.nan)])
        return np.full(len(ids), NEW)

    def update(self, slots: Integers, period: int, values: Floats) -> Outcome:
        before = self.level[slots]
        after = np.where(np.isnan(before), values, before + RATE * (values - before))
        self.level[slots] = np.where(np.isnan(values), before, after)
        far = np.abs(values - before) > 5
        return Outcome(far, np.zeros(len(slots), bool))

    def forecast(self, slots: Integers, origin: int) -> Floats:
        return self.level[slots][:, None, None] + np.array([-1.0, 0.0, 1.0]) * np.ones((self.horizon, 1))

    def to_bytes(self, slots: Integers) -> list[bytes]:
        return [struct.pack("<d", level) for level in self.level[slots]]

    def put(self, ids: Sequence[str], records: Sequence[bytes]) -> None:
        self.level = np.concatenate([self.level, [struct.unpack("<d", record)[0] for record in records]])


class Smoothing:
    """Its maker; not trained on anything."""

    outputs = (0.1, 0.5, 0.9)
    end = None

    def __init__(self, frequency: str = "H", horizon: int = 2, name: str = "smoothing") -> None:
        self.name = name
        self.frequency, self.horizon = Frequency.parse(frequency), horizon

    def prepare(self, ids: Sequence[str]) -> None:
        """Nothing takes long."""

    def series(self) -> Levels:
        return Levels(self.horizon)
