"""Reading the state of partitions, or replaying their messages, when a worker is assigned them."""

import time
from collections.abc import Iterable, Iterator, Mapping
from threading import Event
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

from stepcast.connect.errors import ConnectorError
from stepcast.connect.kafka.client import DENIED, Cluster
from stepcast.connect.kafka.errors import NoAnswer
from stepcast.connect.kafka.worker.events import log

__all__ = ["replay", "restore"]

SETTINGS = {"isolation.level": "read_committed", "enable.partition.eof": True}
AT_ONCE = 10_000  # records
SAYS_AFTER = 5.0  # seconds
ANSWERS_WITHIN = 5.0  # seconds


def restore(
    cluster: Cluster, topic: str, ends: Mapping[int, int], patience: float, stop: Event
) -> dict[int, dict[bytes, bytes]]:
    """The last committed record of each key, by partition, up to ``ends``.

    An open transaction, of a worker that died or hangs, may lie before ``ends``. Records after its start can
    be read only when it has ended, so this waits for it, and for a broker that is away. ConnectorError if
    brokers answer and no record comes for ``patience`` seconds; NoAnswer if ``stop`` is set meanwhile.
    """
    kept: dict[int, dict[bytes, bytes]] = {number: {} for number in ends}
    missing = {number for number, end in ends.items() if end}
    if not missing:
        return kept
    consumer = cluster.consumer(f"{topic}-restore", must=SETTINGS)
    heard = time.monotonic()
    try:
        consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in missing])
        for messages in _batches(consumer, topic, stop):
            for message in messages:
                number, reached = message.partition(), message.offset()
                if message.error() is None:
                    _put(kept[number], message.key(), message.value())
                    reached += 1
                if reached >= ends[number]:
                    missing.discard(number)
            if not missing:
                break
            if messages or (time.monotonic() - heard > patience and not _answers(consumer, topic, missing)):
                heard = time.monotonic()
            elif time.monotonic() - heard > patience:
                raise ConnectorError(
                    f"the state in {topic} {sorted(missing)} could not be read within {patience:g} s: a "
                    "transaction of another worker hangs"
                )
    finally:
        consumer.close()
    return kept


def _put(kept: dict[bytes, bytes], key: bytes, value: bytes | None) -> None:
    if value is None:
        kept.pop(key, None)
    else:
        kept[key] = value


def replay(cluster: Cluster, topic: str, partition: int, until: int, stop: Event) -> Iterator[list[Any]]:
    """The messages of a partition from the first available one up to the offset ``until``, in batches."""
    consumer = cluster.consumer(f"{topic}-replay", must=SETTINGS)
    try:
        consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING)])
        for messages in _batches(consumer, topic, stop):
            yield [one for one in messages if one.error() is None and one.offset() < until]
            # An error is the end of the partition, whose offset is the next.
            if messages and messages[-1].offset() + (messages[-1].error() is None) >= until:
                return
    finally:
        consumer.close()


def _batches(consumer: Consumer, topic: str, stop: Event) -> Iterator[list[Any]]:
    """Messages and ends of partitions as they come, often none, until ``stop`` is set.

    Raises KafkaException if the topic may not be read, NoAnswer when it is stopped, as a worker whose parent
    has died. Typed Any: the client's types declare all parts of a message optional.
    """
    heard, said, why = time.monotonic(), False, ""
    while not stop.is_set():
        found: list[Any] = []
        for message in consumer.consume(AT_ONCE, 0.1):
            error = message.error()
            if error is None or error.code() == KafkaError._PARTITION_EOF:
                found.append(message)
            elif error.code() in DENIED:
                raise KafkaException(error)
            else:  # librdkafka retries
                why = error.str()
        if found:
            heard, said = time.monotonic(), False
        elif time.monotonic() - heard > SAYS_AFTER and not said:
            said = True
            log("waiting", level="warning", what=f"messages of {topic}", reason=why)
        yield found
    raise NoAnswer(f"stopped while {topic} was read")


def _answers(consumer: Consumer, topic: str, partitions: Iterable[int]) -> bool:
    """Whether the leaders of the partitions answer."""
    try:
        for number in partitions:
            consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=ANSWERS_WITHIN)
    except KafkaException:
        return False
    return True
