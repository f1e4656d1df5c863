"""A partition that a worker owns: its state, and its progress."""

from dataclasses import dataclass, field
from typing import Any

from stepcast.connect.kafka.worker.work import Part

__all__ = ["Owned"]


@dataclass
class Owned:
    """Progress of one partition.

    ``offset``     the next offset to read, after the messages in ``waiting``.
    ``committed``  the next offset at the last transaction; None before the first.
    ``heard``      monotonic time of its last message, in seconds.
    ``end``        the end of the state's partition when this one was revoked.
    ``at_end``     whether the partition was read to its end.
    ``waiting``    messages that were read and not processed yet.
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
        """The next offset after everything that was processed."""
        if self.waiting:
            return int(self.waiting[0].offset())
        return self.offset or 0
