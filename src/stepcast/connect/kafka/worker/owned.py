"""A partition that a worker owns: its state, and how far its transactions have come."""

from dataclasses import dataclass, field
from typing import Any

from stepcast.connect.kafka.worker.partition import Partition

__all__ = ["Owned"]


@dataclass
class Owned:
    """``offset``   of the input that comes next.
    ``committed``   the same, as the last transaction has it; None before the first.
    ``end``         the end of the state's partition when this one was given up, and nobody had written since.
    ``heard``       seconds of the monotonic clock at its last message.
    ``at_end``      whether there was nothing more to read.
    """

    partition: Partition
    offset: int | None
    committed: int | None
    heard: float
    end: int | None = None
    at_end: bool = False
    waiting: list[Any] = field(default_factory=list)
