"""A topic as training files: every message is in exactly one of them, even after crashes."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicPartition

from stepcast.connect.errors import ConnectorError
from stepcast.connect.kafka.client import Cluster
from stepcast.connect.kafka.dead_letters import DeadLetters
from stepcast.connect.kafka.errors import NoAnswer
from stepcast.connect.kafka.observations import Message, Reader, Unreadable
from stepcast.connect.kafka.parts import Batch, Parts

__all__ = ["Lag", "Pulled", "Wish", "pull"]

AT_ONCE = 1000  # messages taken from librdkafka
POLL = 0.5  # seconds
TELLS_EVERY = 5  # seconds, while something is read
MOST = 400_000  # rows in memory, over all partitions
SHOWN = 5  # examples of unreadable messages
PATIENCE = 30  # seconds to wait for an answer
KILLED = 10_000  # milliseconds until the group gives up on a killed pull
GIVES_UP = 300  # seconds without any answer
MEMBERS_PATIENCE = 120  # seconds without a partition
# Another member of the group has, or will get, the partition: it starts at the committed offset.
LOST = {
    KafkaError.ILLEGAL_GENERATION,
    KafkaError.UNKNOWN_MEMBER_ID,
    KafkaError.REBALANCE_IN_PROGRESS,
}
FINAL = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
}
UNKNOWN = {KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION}


@dataclass(frozen=True)
class Wish:
    """What to pull, and until when.

    ``idle``       seconds without a message after which the pull ends; None: only when it is stopped.
    ``part_rows``  a part file is closed after this many rows, or ``part_seconds`` after its first message.
    ``strict``     an unreadable message is an error.
    """

    topic: str
    group: str
    idle: float | None = 30
    part_rows: int = 100_000
    part_seconds: float = 300
    strict: bool = False


@dataclass
class Lag:
    """Of one partition: the committed offset, its end, and the messages between."""

    partition: int
    committed: int
    end: int

    @property
    def behind(self) -> int:
        return max(0, self.end - self.committed)


@dataclass
class Pulled:
    """The result of a pull."""

    topic: str
    folder: str
    messages: int = 0
    rows: int = 0
    missing: int = 0  # rows without a value
    deleted: int = 0  # tombstones
    deletes_items: bool = False  # whether tombstones name items
    unreadable: int = 0
    expired: int = 0  # messages that the broker removed before they were read
    files: list[str] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)
    lag: list[Lag] = field(default_factory=list)
    stopped: bool = False
    silence: str | None = None  # why no broker answers; None if one does


def pull(
    cluster: Cluster,
    wish: Wish,
    reader: Reader,
    parts: Parts,
    dead_letters: DeadLetters | None = None,
    *,
    is_stopped: Callable[[], bool] = lambda: False,
    tell: Callable[[Pulled], None] = lambda _: None,
) -> Pulled:
    """Read the topic into part files, from the group's offsets until no more messages arrive.

    Offsets are committed after their file is written. Raises ConnectorError; what was committed remains.
    """
    return _Pull(cluster, wish, reader, parts, dead_letters, is_stopped, tell).run()


@dataclass
class _Pull:
    cluster: Cluster
    wish: Wish
    reader: Reader
    parts: Parts
    dead_letters: DeadLetters | None
    is_stopped: Callable[[], bool]
    tell: Callable[[Pulled], None]

    def __post_init__(self) -> None:
        self.batches: dict[int, Batch] = {}
        self.since: dict[int, float] = {}  # when the first message of each batch arrived
        self.ends: dict[int, int] = {}  # ends of the partitions that are read to their end
        self.committed: dict[int, int] = {}
        self.failure: ConnectorError | None = None
        self.pulled = Pulled(self.wish.topic, self.parts.folder.name, deletes_items=self.reader.item_is_key)
        self.consumer = self.cluster.consumer(
            self.wish.group,
            {
                **({} if self._is_new_protocol else {"session.timeout.ms": KILLED}),
                "enable.partition.eof": True,
                "topic.metadata.refresh.interval.ms": 60_000,  # so that new partitions are noticed
                "queued.max.messages.kbytes": 32_768,
            },
        )

    @property
    def _is_new_protocol(self) -> bool:
        """KIP-848, where the broker sets the session timeout."""
        return self._setting("group.protocol") == "consumer"

    def _setting(self, name: str) -> str:
        return self.cluster.settings.kafka.get(name, "")

    def run(self) -> Pulled:
        try:
            self.cluster.partitions(self.consumer, self.wish.topic)
            self.consumer.subscribe(
                [self.wish.topic], on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._revoked
            )
            self._read()
            self._flush(list(self.batches))
            self.pulled.lag = self._lag()
        finally:
            self.consumer.close()
        self.pulled.stopped = self.is_stopped()
        return self.pulled

    def _read(self) -> None:
        began = spoke = answered = told = time.monotonic()
        what = self._done()
        # began: when a partition was last assigned; spoke: when the last message arrived
        while not self.is_stopped():
            messages = self.consumer.consume(AT_ONCE, POLL)
            if self.failure is not None:
                raise self.failure
            for message in messages:
                self._take(message)
            now = time.monotonic()
            self._flush(self._due(now))
            if messages:
                answered = now
                self.cluster.heard()
            self.pulled.silence = self.cluster.silence
            if not self._is_read() or any(message.error() is None for message in messages):
                spoke = now
            if now - told > TELLS_EVERY and what != self._done():
                told, what = now, self._done()
                self.tell(self.pulled)
            if self.wish.idle is None:
                continue
            if self.batches:
                began = now
            elif now - began > MEMBERS_PATIENCE:
                raise ConnectorError(
                    f"other members of group {self.wish.group} have all partitions of {self.wish.topic}: "
                    "wait until they end, or use another --group"
                )
            if now - spoke >= self.wish.idle or now - answered > GIVES_UP:
                if self._answers():
                    answered = now
                    if now - spoke >= self.wish.idle:
                        return
                elif now - answered > GIVES_UP:
                    raise NoAnswer(f"{self.cluster.name} has not answered for {GIVES_UP} s")
                else:
                    spoke = now  # a broker that is away does not count as idle

    def _done(self) -> tuple[int, int, str | None]:
        return self.pulled.messages, len(self.pulled.files), self.pulled.silence

    def _is_read(self) -> bool:
        """Whether partitions are assigned and all are read to their ends."""
        return bool(self.batches) and self.ends.keys() >= self.batches.keys()

    def _take(self, got: Any) -> None:
        error = got.error()
        if error is not None:
            if error.code() == KafkaError._PARTITION_EOF:
                self.ends[got.partition()] = got.offset()
            elif error.code() in UNKNOWN:
                # Raises unless it is there again. Asking by the consumer could poll and lose a message.
                self.cluster.partitions(self.cluster.admin(), self.wish.topic)
            elif error.code() in FINAL or error.fatal():
                self._refused(error)
            return
        message = Message(
            got.partition(), got.offset(), got.timestamp()[1], got.key(), got.value(), got.headers() or ()
        )
        batch = self.batches.get(message.partition)
        if batch is None:  # the partition was revoked meanwhile
            return
        self.ends.pop(message.partition, None)
        self.since.setdefault(message.partition, time.monotonic())
        try:
            row = batch.take(message, self.reader)
        except Unreadable as unreadable:
            self._unreadable(batch, message, str(unreadable))
        else:
            self.pulled.rows += row is not None
            self.pulled.missing += row is not None and row.value is None
            self.pulled.deleted += row is None
        self.pulled.messages += 1
        if batch.size >= self.wish.part_rows:
            self._flush([message.partition])

    def _unreadable(self, batch: Batch, message: Message, reason: str) -> None:
        where = f"{self.wish.topic}[{message.partition}] offset {message.offset}"
        if self.wish.strict:
            batch.next = message.offset
            self._flush(list(self.batches))
            raise ConnectorError(
                f"{where}: {reason}. Earlier messages are pulled; correct the producer or the options, or "
                "pull without --strict"
            )
        if self.dead_letters is not None:
            self.dead_letters.add(message, self.wish.topic, reason)
        self.pulled.unreadable += 1
        self.pulled.reasons[reason.partition(":")[0]] += 1
        if len(self.pulled.examples) < SHOWN:
            self.pulled.examples.append(f"{where}: {reason}")

    def _due(self, now: float) -> list[int]:
        due = [
            partition
            for partition, batch in self.batches.items()
            if partition in self.since and now - self.since[partition] >= self.wish.part_seconds
        ]
        left = {partition: batch.size for partition, batch in self.batches.items() if partition not in due}
        while sum(left.values()) > MOST:
            due.append(largest := max(left, key=lambda partition: left[partition]))
            del left[largest]
        return due

    def _flush(self, partitions: list[int]) -> None:
        """Write what has been read of these partitions, then commit it."""
        for partition in partitions:
            batch = self.batches.get(partition)
            if batch is None:
                continue
            to = max(batch.next, self.ends.get(partition, 0))  # transaction markers have offsets too
            if to <= self.committed.get(partition, -1):
                continue
            if self.dead_letters is not None:
                self.dead_letters.flush()
            elif self.pulled.unreadable and not self.pulled.rows:
                raise ConnectorError(
                    f"none of {self.pulled.unreadable:,} messages could be read; {self.pulled.examples[0]}. "
                    "Check --format, --item, --timestamp and --value; nothing was committed. To skip such "
                    "messages, name a topic for them with --dead-letters"
                )
            written = self.parts.put(partition, batch)
            self.pulled.files += written
            self._commit(partition, to)

    def _commit(self, partition: int, offset: int) -> None:
        place = TopicPartition(self.wish.topic, partition, offset)
        began = time.monotonic()
        while True:
            try:
                (done,) = self.consumer.commit(offsets=[place], asynchronous=False)
                error = done.error
            except KafkaException as refused:
                error = refused.args[0]
            if error is None or error.code() in LOST:
                if error is None:
                    self.committed[partition] = offset
                # Otherwise the file stays: the next reader of the partition sees from its name what it
                # covers. That may be this one, if a cooperative rebalance leaves it the partition.
                self.batches[partition] = Batch(offset, offset)
                self.since.pop(partition, None)
                return
            patience = PATIENCE if self.is_stopped() else GIVES_UP
            if error.code() in FINAL | UNKNOWN or error.fatal() or time.monotonic() > began + patience:
                self._refused(error)
            time.sleep(1)  # the coordinator is not available at the moment

    def _assigned(self, consumer: Any, places: list[Any]) -> None:
        """Start at the group's offsets, after everything that files cover already."""
        try:
            known = consumer.committed(places, timeout=PATIENCE) if places else []
            for place in known:
                place.offset = self._begin(consumer, place)
                self.batches[place.partition] = Batch(place.offset, place.offset)
                self.ends.pop(place.partition, None)
                self.since.pop(place.partition, None)
            if self._is_new_protocol or "cooperative" in self._setting("partition.assignment.strategy"):
                consumer.incremental_assign(known)
            else:
                consumer.assign(known)
        except ConnectorError as error:
            self.failure = error
        except KafkaException as error:
            self.failure = self.cluster.explained(error.args[0], f"group {self.wish.group}")

    def _begin(self, consumer: Any, place: Any) -> int:
        partition, committed = place.partition, place.offset
        lowest, end = consumer.get_watermark_offsets(place, timeout=PATIENCE)
        begin = committed if committed >= 0 else lowest
        self.committed[partition] = committed
        self.parts.check(partition)
        begin = self.parts.after(partition, begin)
        deadline = time.monotonic() + PATIENCE
        while begin > end and time.monotonic() < deadline:  # a new leader may not know its end yet
            time.sleep(0.5)  # Kafka has no call that waits for it
            lowest, end = consumer.get_watermark_offsets(place, timeout=PATIENCE)
        if begin > end:
            raise ConnectorError(
                f"{self.wish.topic}[{partition}] ends at {end}, and group {self.wish.group} or the files in "
                f"{self.parts.folder.name} are at {begin}: if the topic was created "
                "again, use a new --group and another folder"
            )
        if begin < lowest:
            self.pulled.expired += lowest - begin
            begin = lowest
        return int(begin)

    def _revoked(self, _: Any, places: list[Any]) -> None:
        """Drop what is in no file yet: the next owner of the partition reads it again."""
        for place in places:
            self.batches.pop(place.partition, None)
            self.ends.pop(place.partition, None)
            self.since.pop(place.partition, None)

    def _answers(self) -> bool:
        """Whether the leaders of all partitions answer."""
        try:
            for partition in self.batches:
                self.consumer.get_watermark_offsets(TopicPartition(self.wish.topic, partition), timeout=5)
        except KafkaException:
            return False
        return bool(self.batches)

    def _lag(self) -> list[Lag]:
        found = []
        for partition in sorted(self.batches):
            place = TopicPartition(self.wish.topic, partition)
            try:
                _, end = self.consumer.get_watermark_offsets(place, timeout=PATIENCE)
            except KafkaException:  # not worth failing a finished pull
                continue
            found.append(Lag(partition, max(0, self.committed.get(partition, 0)), end))
        return found

    def _refused(self, error: Any) -> None:
        if "fenced" in error.str().lower():
            raise ConnectorError(
                f"another member of group {self.wish.group} has the same group.instance.id: they must differ"
            )
        is_of_group = error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED
        what = f"group {self.wish.group}" if is_of_group else f"topic {self.wish.topic}"
        raise self.cluster.explained(error, what)
