"""Transactions: records together with the offsets of the messages they were made from."""

import os
import time
from collections.abc import Callable, Iterable
from threading import Event, Thread
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer, TopicPartition

from stepcast.connect.kafka.errors import NoAnswer
from stepcast.connect.kafka.worker.events import log
from stepcast.connect.kafka.worker.work import Output

__all__ = ["Aborted", "Transactions"]

STEP = 5.0  # seconds until a call is repeated
PAUSE = 0.1
STOPS_WITHIN = 10.0  # seconds
LOOKS_EVERY = 1.0  # seconds
HANGS = 6  # exit code


class Aborted(Exception):
    """The transaction was aborted: its messages have to be read again."""


class Transactions:
    """The transactions of one producer; an earlier producer of the same name is fenced.

    Raises KafkaException if the producer can no longer be used, as when another has taken its name; NoAnswer
    if a call is not answered within ``patience`` seconds, or soon after ``stop`` was set. Then the brokers
    abort the transaction, if they have not yet.
    """

    def __init__(self, producer: Producer, patience: float, stop: Event) -> None:
        self._producer, self._patience, self._stop = producer, patience, stop
        self._since: float | None = None  # when the present call began
        Thread(target=self._watch, name="transactions", daemon=True).start()
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

    def _watch(self) -> None:
        """End the process if a call does not return.

        librdkafka may wait for ever, whatever the timeout, if the coordinator was killed meanwhile. This is
        as safe as any other death of a worker.
        Source: https://github.com/confluentinc/librdkafka/issues/5456
        """
        while True:
            time.sleep(LOOKS_EVERY)
            since = self._since
            if since is not None and time.monotonic() - since > STEP + self._patience:
                log("transaction_hangs", level="error", seconds=round(time.monotonic() - since))
                os._exit(HANGS)

    def _last(self, call: Callable[[], Any]) -> None:
        """Repeat a call as long as its error is retriable."""
        begun = time.monotonic()
        while True:
            try:
                self._since = time.monotonic()
                call()
            except KafkaException as failure:
                error: KafkaError = failure.args[0]
                if not error.retriable() or error.fatal() or error.txn_requires_abort():
                    raise
                waited = time.monotonic() - begun
                if waited > (STOPS_WITHIN if self._stop.is_set() else self._patience):
                    raise NoAnswer(f"a transaction waited for {waited:.0f} s: {error.str()}") from None
                log("transaction_waits", level="warning", reason=error.str())
                time.sleep(PAUSE)  # the broker is away, or an earlier transaction is being completed
            else:
                return
            finally:
                self._since = None
