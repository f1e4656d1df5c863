"""Transactions: records together with the offsets of the messages they were made from."""

import time
from collections.abc import Callable, Iterable
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer, TopicPartition

from stepcast.connect.kafka.worker.events import log
from stepcast.connect.kafka.worker.work import Output

__all__ = ["Aborted", "Transactions"]

STEP = 30.0  # seconds until a call is repeated
PAUSE = 0.1


class Aborted(Exception):
    """The transaction was aborted: its messages have to be read again."""


class Transactions:
    """The transactions of one producer; an earlier producer of the same name is fenced.

    Raises KafkaException if the producer can no longer be used, as when another has taken its name.
    """

    def __init__(self, producer: Producer) -> None:
        self._producer = producer
        self._last(lambda: self._producer.init_transactions(STEP))

    def write(
        self,
        written: Iterable[tuple[str, int, Output]],
        offsets: list[TopicPartition],
        group: Any,
    ) -> None:
        """Commit ``written`` (topic, partition, message) together with ``offsets``, or raise Aborted."""
        try:
            self._producer.begin_transaction()
            for topic, partition, message in written:
                self._produce(topic, partition, message)
            self._last(lambda: self._producer.send_offsets_to_transaction(offsets, group, STEP))
            self._last(lambda: self._producer.commit_transaction(STEP))
        except KafkaException as failure:
            error: KafkaError = failure.args[0]
            if error.fatal() or not error.txn_requires_abort():
                raise
            self._last(lambda: self._producer.abort_transaction(STEP))
            raise Aborted(error.str()) from failure

    def _produce(self, topic: str, partition: int, message: Output) -> None:
        while True:
            try:
                more: dict[str, Any] = {"headers": message.headers} if message.headers else {}
                self._producer.produce(topic, message.value, message.key, partition, **more)
            except BufferError:  # the queue is full: wait for deliveries
                self._producer.poll(PAUSE)
            else:
                return

    def _last(self, call: Callable[[], Any]) -> None:
        """Repeat a call as long as its error is retriable."""
        while True:
            try:
                call()
            except KafkaException as failure:
                error: KafkaError = failure.args[0]
                if not error.retriable() or error.fatal() or error.txn_requires_abort():
                    raise
                log("transaction_waits", level="warning", reason=error.str())
                time.sleep(PAUSE)  # the broker is away, or an earlier transaction is being completed
            else:
                return
