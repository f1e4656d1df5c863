"""A predictor of the pipeline, updated by ``engine.online``."""

from collections.abc import Sequence

import numpy as np

from stepcast.connect.kafka.worker.forecaster import NEW, Outcome
from stepcast.engine import online
from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.frequency import Frequency
from stepcast.engine.panel import Panel
from stepcast.engine.task import Task

__all__ = ["Trained", "TrainedSeries"]


class Trained:
    """The predictor ``name`` of ``panels``; ``shared`` is the result of ``engine.fit_shared``.

    An item is examined once, when it is first observed: so a worker starts immediately, and examines only the
    items of its own partitions.
    """

    def __init__(self, name: str, task: Task, panels: Sequence[Panel], shared: bytes) -> None:
        self.name, self.task, self.shared = name, task, shared
        self.frequency: Frequency = panels[0].frequency
        self.horizon, self.outputs = task.horizon, task.outputs
        self.end: int | None = panels[0].end
        self._panels = panels
        self._begun: dict[str, bytes] = {}
        self._places = {
            item: (number, place)
            for number, panel in enumerate(panels)
            for place, item in enumerate(panel.ids)
        }

    def series(self) -> "TrainedSeries":
        return TrainedSeries(self, online.start(self._panels[0].take([]), self.task, self.shared))

    def prepare(self, ids: Sequence[str]) -> None:
        self._begun.update(self.begun(ids))

    def begun(self, ids: Sequence[str]) -> dict[str, bytes]:
        """Records of the ``ids`` that were trained on, at the end of their training."""
        found = {item: self._begun[item] for item in ids if item in self._begun}
        missing = [item for item in ids if item not in found]
        for number, panel in enumerate(self._panels):
            places = [self._places[item][1] for item in missing if self._places.get(item, (-1,))[0] == number]
            if places:
                begun = online.start(panel.take(places), self.task, self.shared)
                found.update(zip(begun.ids, online.items_to_bytes(begun, np.arange(len(begun))), strict=True))
        return found


class TrainedSeries:
    """Series by slot; ``state`` orders them differently.

    The series of a partition learn together, so that it does not matter which worker has it.
    """

    def __init__(self, forecaster: Trained, state: online.State) -> None:
        self.forecaster, self.state = forecaster, state
        self._places = np.zeros(0, np.int64)

    def add(self, ids: Sequence[str]) -> Integers:
        begun = self.forecaster.begun(ids)
        online.put_items(self.state, list(begun.values()))
        online.add(self.state, [item for item in ids if item not in begun])
        self._append(ids)
        return np.array([self.forecaster.end if item in begun else NEW for item in ids], np.int64)

    def update(self, slots: Integers, period: int, values: Floats) -> Outcome:
        told = online.update(self.state, self._places[slots], np.full(len(slots), period), values)
        if len(slots) == len(self._places) and period % self.state.stride == 0:
            online.learn_together(self.state)
        with np.errstate(invalid="ignore"):  # nan without a forecast or an observation
            surprising = (values < told.forecast[:, 0]) | (values > told.forecast[:, -1])
        return Outcome(surprising, told.drift >= 0)

    def forecast(self, slots: Integers, origin: int) -> Floats:
        del origin  # always the last period that was updated
        return online.forecast(self.state, self._places[slots])

    def to_bytes(self, slots: Integers) -> list[bytes]:
        return online.items_to_bytes(self.state, self._places[slots])

    def put(self, ids: Sequence[str], records: Sequence[bytes]) -> None:
        online.put_items(self.state, list(records))
        self._append(ids)

    def _append(self, ids: Sequence[str]) -> None:
        self._places = np.concatenate([self._places, self.state.find(list(ids))])
