"""The interface between the loop and the processing of messages: one Part for each partition."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from stepcast.connect.kafka.dead_letters import Headers
from stepcast.connect.kafka.worker.counts import Counts

__all__ = ["Output", "Part", "Record", "Work"]

Record = tuple[bytes | None, bytes]  # key and value


class Output(NamedTuple):
    """A message to write; a ``letter`` is a dead letter, with headers."""

    key: bytes | None
    value: bytes | None
    headers: Headers = []  # noqa: RUF012  # never changed
    letter: bool = False


class Part(Protocol):
    """The state of a partition, which depends only on its messages in their order."""

    @property
    def counts(self) -> Counts: ...

    @property
    def watermark(self) -> int:
        """The latest observation time, in milliseconds since 1970; 0 if times do not matter."""

    @property
    def items(self) -> Sequence[str]: ...

    @property
    def drifting(self) -> int:
        """How many items drift."""

    @property
    def is_open(self) -> bool:
        """Whether periods are open, so that ``close`` has an effect."""

    def take_on(self, messages: Sequence[Any], most: int) -> int:
        """Process messages in order until more than ``most`` outputs are pending; returns how many."""

    def close(self) -> None:
        """Close open periods, because no messages arrive."""

    def take(self, offset: int) -> tuple[Iterable[Output], Iterable[Record]]:
        """The outputs since the last call, and the changed state; ``offset`` is the next of the input."""

    def go_on_with(self, work: Any) -> None:
        """Continue with ``work``, which is newer."""


class Work(Protocol):
    """Creates parts."""

    @property
    def name(self) -> str: ...

    def part(self, kept: Mapping[bytes, bytes]) -> tuple[Part, int | None]:
        """A part from the stored state ``kept``, and its next offset; None for a new partition."""

    def prepare(self, items: Sequence[str]) -> None:
        """Do slow preparations for these items before parts switch to this work."""

    @property
    def learns_again(self) -> bool:
        """Whether a part must process all earlier messages again, without writing outputs."""
