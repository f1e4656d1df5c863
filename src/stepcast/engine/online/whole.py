"""A whole state as bytes and back: the records of all items."""

from dataclasses import dataclass

import numpy as np

from stepcast.engine import archive
from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.auto.shared import Shared
from stepcast.engine.frequency import Frequency
from stepcast.engine.online.records import items_to_bytes, put_items
from stepcast.engine.online.start import common_of, state_of
from stepcast.engine.online.state import State
from stepcast.engine.task import Task

__all__ = ["from_bytes", "to_bytes"]


@dataclass(frozen=True)
class _Whole:
    frequency: Frequency
    trees: bool
    typical: Floats
    sizes: Integers
    records: np.ndarray[tuple[int], np.dtype[np.uint8]]


def to_bytes(state: State) -> bytes:
    """``state`` without the predictor, which never changes."""
    records = items_to_bytes(state, np.arange(len(state)))
    sizes = np.array([len(record) for record in records], dtype=np.int64)
    joined = np.frombuffer(b"".join(records), np.uint8)
    return archive.to_bytes(_Whole(state.frequency, state.common.trees, state.typical, sizes, joined))


def from_bytes(data: bytes, task: Task, shared: Shared | bytes) -> State:
    """The state that ``to_bytes`` wrote, with the predictor ``shared`` for ``task``.

    Raises RecordMismatch if it belongs to another predictor, ValueError or KeyError if it is not a state.
    """
    whole = archive.from_bytes(_Whole, data)
    state = state_of([], [], common_of(task, whole.frequency, shared, whole.trees))
    state.typical = whole.typical
    ends = np.cumsum(whole.sizes)
    put_items(
        state,
        [whole.records[end - size : end].tobytes() for end, size in zip(ends, whole.sizes, strict=True)],
    )
    return state
