"""What a worker does with messages, as the loop sees it: a part for each partition, which leaves records."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from stepcast.connect.kafka.dead_letters import Headers
from stepcast.connect.kafka.worker.counts import Counts

__all__ = ["Output", "Part", "Record", "Work"]

Record = tuple[bytes | None, bytes]  # key and value


class Output(NamedTuple):
    """A message that is written; a ``letter`` is one that could not be read, with its headers."""

    key: bytes | None
    value: bytes | None
    headers: Headers = []  # noqa: RUF012  # nobody changes it
    letter: bool = False


class Part(Protocol):
    """What is known of a partition: it follows from its messages, in their order."""

    @property
    def counts(self) -> Counts: ...

    @property
    def watermark(self) -> int:
        """The latest moment seen, in milliseconds since 1970; 0 where moments do not matter."""

    @property
    def items(self) -> Sequence[str]: ...

    @property
    def drifting(self) -> int:
        """How many items have changed."""

    @property
    def is_open(self) -> bool:
        """Whether ``close`` would do anything."""

    def take_on(self, messages: Sequence[Any], most: int) -> int:
        """Take on messages in their order, until more than ``most`` outputs wait; how many they were."""

    def close(self) -> None:
        """There may be nothing more to come for a while: bring to an end what has begun."""

    def take(self, offset: int) -> tuple[Iterable[Output], Iterable[Record]]:
        """What there is to write since the last time: outputs, and the state with the next ``offset``."""

    def go_on_with(self, work: Any) -> None:
        """Become a part of ``work``, which is newer."""


class Work(Protocol):
    """Makes parts."""

    @property
    def name(self) -> str: ...

    def part(self, kept: Mapping[bytes, bytes]) -> tuple[Part, int | None]:
        """Of the state that an earlier part left, and the offset that comes next; None where it is new."""

    def prepare(self, items: Sequence[str]) -> None:
        """Do what takes long before parts of other work become parts of this one."""

    @property
    def learns_again(self) -> bool:
        """Whether a part has to take on all earlier messages again; its outputs are not written then."""
