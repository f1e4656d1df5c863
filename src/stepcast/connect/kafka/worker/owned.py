"""A partition that a worker owns: its state, and how far its transactions have come."""

from dataclasses import dataclass, field
from typing import Any

from stepcast.connect.kafka.worker.work import Part

__all__ = ["Owned"]


@dataclass
class Owned:
    """``offset``   of the input that comes next, after what waits.
    ``committed``   of the input that came next at the last transaction; None before the first.
    ``heard``       seconds of the monotonic clock at its last message.
    ``end``         of the state's partition when this one was given up.
    ``at_end``      whether there was nothing more to read.
    ``waiting``     messages that were read and not taken on.
    """

    part: Part
    offset: int | None
    committed: int | None
    heard: float
    end: int | None = None
    at_end: bool = False
    waiting: list[Any] = field(default_factory=list)

    @property
    def reached(self) -> int:
        """The offset that comes next after all that was taken on."""
        if self.waiting:
            return int(self.waiting[0].offset())
        return self.offset or 0
