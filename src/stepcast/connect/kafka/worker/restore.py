"""Reading the state of partitions, or replaying their messages, when a worker is assigned them."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

from stepcast.connect.errors import ConnectorError
from stepcast.connect.kafka.client import Cluster
from stepcast.connect.kafka.worker.events import log

__all__ = ["replay", "restore"]

SETTINGS = {"isolation.level": "read_committed", "enable.partition.eof": True}
AT_ONCE = 10_000  # records
SAYS_AFTER = 5.0  # seconds


def restore(
    cluster: Cluster, topic: str, ends: Mapping[int, int], patience: float
) -> dict[int, dict[bytes, bytes]]:
    """The last committed record of each key, by partition, up to ``ends``.

    An open transaction, of a worker that died or hangs, may lie before ``ends``. Records after its start can
    be read only when it has ended, so this waits for it. ConnectorError after ``patience`` seconds without a
    record.
    """
    kept: dict[int, dict[bytes, bytes]] = {number: {} for number in ends}
    missing = {number for number, end in ends.items() if end}
    if not missing:
        return kept
    consumer = cluster.consumer(f"{topic}-restore", must=SETTINGS)
    heard, said = time.monotonic(), False
    why = "a transaction of another worker may hang, or the broker be unavailable"
    try:
        consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in missing])
        while missing:
            for message in _consumed(consumer):
                number, error = message.partition(), message.error()
                if error is None:
                    _put(kept[number], message.key(), message.value())
                    reached = message.offset() + 1
                elif error.code() == KafkaError._PARTITION_EOF:
                    reached = message.offset()
                else:
                    why = error.str()
                    continue  # librdkafka retries
                heard = time.monotonic()
                if reached >= ends[number]:
                    missing.discard(number)
            waited = time.monotonic() - heard
            if missing and waited > SAYS_AFTER and not said:
                said = True
                log("waiting_for_state", topic=topic, partitions=sorted(missing), seconds=round(waited, 1))
            if waited > patience:
                raise ConnectorError(
                    f"the state in {topic} {sorted(missing)} could not be read within {patience:g} s: {why}"
                )
    finally:
        consumer.close()
    return kept


def _put(kept: dict[bytes, bytes], key: bytes, value: bytes | None) -> None:
    if value is None:
        kept.pop(key, None)
    else:
        kept[key] = value


def replay(cluster: Cluster, topic: str, partition: int, until: int) -> Iterator[list[Any]]:
    """The messages of a partition from the first available one up to the offset ``until``, in batches."""
    consumer = cluster.consumer(f"{topic}-replay", must=SETTINGS)
    try:
        consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING)])
        reached = 0
        while reached < until:
            found = []
            for message in _consumed(consumer):
                error = message.error()
                if error is None and message.offset() < until:
                    found.append(message)
                if error is None or error.code() == KafkaError._PARTITION_EOF:
                    reached = max(reached, message.offset() + (error is None))
            yield found
    finally:
        consumer.close()


def _consumed(consumer: Consumer) -> list[Any]:
    """Typed Any: the client's types declare all parts of a message optional."""
    return consumer.consume(AT_ONCE, 0.1)
