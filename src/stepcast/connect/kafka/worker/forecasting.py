"""The work of a worker: forecasts from observations."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from stepcast.connect.kafka.dead_letters import letter_headers
from stepcast.connect.kafka.worker.counts import Counts
from stepcast.connect.kafka.worker.forecaster import Forecaster
from stepcast.connect.kafka.worker.messages import Messages
from stepcast.connect.kafka.worker.partition import Forecasts, Observation, Partition
from stepcast.connect.kafka.worker.plan import Plan
from stepcast.connect.kafka.worker.reading import Read, Unreadable, message_of
from stepcast.connect.kafka.worker.records import records, restored
from stepcast.connect.kafka.worker.work import Output, Record

__all__ = ["Forecasting", "letter"]


class Forecasting:
    """Forecasts by ``forecaster``, from the observations that ``read`` parses, as ``messages``."""

    learns_again = False

    def __init__(
        self, plan: Plan, forecaster: Forecaster, read: Read, messages: Messages, *, letters: bool = False
    ) -> None:
        """``letters``: whether unreadable messages go to a dead-letter topic."""
        self.plan, self.forecaster, self.read, self.letters = plan, forecaster, read, letters
        self.messages = messages

    @property
    def name(self) -> str:
        return self.forecaster.name

    def part(self, kept: Mapping[bytes, bytes]) -> tuple["_Part", int | None]:
        partition, offset = restored(self.plan, self.forecaster, kept)
        return _Part(self, partition), offset

    def prepare(self, items: Sequence[str]) -> None:
        self.forecaster.prepare(items)


def letter(message: Any, reason: str) -> Output:
    """The dead letter for a message: unchanged, with the reason in a header."""
    headers = letter_headers(message_of(message), message.topic(), reason)
    return Output(message.key(), message.value(), headers, letter=True)


class _Part:
    def __init__(self, work: Forecasting, partition: Partition) -> None:
        self._work, self.partition = work, partition
        self._letters: list[Output] = []

    @property
    def counts(self) -> Counts:
        return self.partition.counts

    @property
    def watermark(self) -> int:
        return self.partition.newest

    @property
    def items(self) -> Sequence[str]:
        return self.partition.ids

    @property
    def drifting(self) -> int:
        return int(self.partition.drifting.sum())

    @property
    def is_open(self) -> bool:
        return bool(self.partition.open)

    def take_on(self, messages: Sequence[Any], most: int) -> int:
        observations: list[Observation] = []
        numbers: list[int] = []  # their positions in ``messages``
        odd: list[tuple[int, str]] = []  # other messages, with the name of their count
        reasons: dict[int, str] = {}  # of unreadable messages
        for number, message in enumerate(messages):
            try:
                observation = self._work.read(message)
            except Unreadable as reason:
                odd.append((number, "unreadable"))
                reasons[number] = str(reason)
                continue
            if observation is None:
                odd.append((number, "missing"))
            elif self._is_ahead(message, observation):
                odd.append((number, "future"))
            else:
                observations.append(observation)
                numbers.append(number)
        taken = self.partition.apply(observations, most)
        done = len(messages) if taken == len(observations) else numbers[taken]
        for number, what in odd:
            if number < done:
                setattr(self.counts, what, getattr(self.counts, what) + 1)
                if number in reasons and self._work.letters:
                    self._letters.append(letter(messages[number], reasons[number]))
        return done

    def close(self) -> None:
        self.partition.close_open()

    def take(self, offset: int) -> tuple[Iterable[Output], Iterable[Record]]:
        progress = self.partition.take()
        letters, self._letters = self._letters, []
        forecasts = self._outputs(progress.forecasts)
        return chain(letters, forecasts), records(self.partition, progress, offset)

    def go_on_with(self, work: Any) -> None:
        self._work = work
        self.partition.take_over(work.forecaster)

    def _outputs(self, forecasts: Sequence[Forecasts]) -> Iterator[Output]:
        for one in forecasts:
            for key, value in self._work.messages.of(one):
                yield Output(key, value)

    def _is_ahead(self, message: Any, observation: Observation) -> bool:
        ahead = self._work.plan.ahead
        return ahead is not None and 0 < message.timestamp()[1] < observation.moment - ahead
