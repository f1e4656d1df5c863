"""A dead-letter topic: messages that cannot be read, with the reason and their origin."""

from collections.abc import Callable
from typing import Any

from confluent_kafka import KafkaException

from stepcast.connect.errors import ConnectorError
from stepcast.connect.kafka.client import Cluster
from stepcast.connect.kafka.observations import Message

__all__ = ["DeadLetters", "Headers", "letter_headers"]

PATIENCE = 120  # seconds until all are written

Headers = list[tuple[str, str | bytes | None]]


def letter_headers(message: Message, topic: str, reason: str) -> Headers:
    """The headers of a message of ``topic``, followed by the reason and the origin."""
    added = {
        "stepcast.reason": reason,
        "stepcast.topic": topic,
        "stepcast.partition": str(message.partition),
        "stepcast.offset": str(message.offset),
        "stepcast.timestamp": str(message.time),
    }
    return [*message.headers, *((name, text.encode()) for name, text in added.items())]


class DeadLetters:
    """Writes messages with key, value and headers unchanged; added headers start with ``stepcast.``.

    A pull that ends before its commit may write a message twice; the origin identifies duplicates.
    """

    def __init__(self, cluster: Cluster, topic: str) -> None:
        self.cluster, self.topic = cluster, topic
        self._producer = cluster.producer()
        cluster.partitions(self._producer, topic)  # raises if the topic does not exist
        self._failed: Any = None

    def add(self, message: Message, topic: str, reason: str) -> None:
        headers = letter_headers(message, topic, reason)
        while True:
            try:
                self._producer.produce(
                    self.topic, message.value, message.key, headers=headers, on_delivery=self._note
                )
                return
            except BufferError:  # the queue is full
                self._served(lambda: self._producer.poll(1))
            except KafkaException as error:
                raise self._explained(self._reason(error.args[0])) from None

    def flush(self) -> None:
        """Wait until all are written; ConnectorError if one cannot be."""
        left = self._served(lambda: self._producer.flush(PATIENCE))
        if self._failed is not None:
            raise self._explained(self._failed)
        if left:
            raise ConnectorError(
                f"{left} messages for the dead-letter topic {self.topic} were not written within {PATIENCE} s"
            )

    def _reason(self, error: Any) -> Any:
        """Why the producer is unusable: poll() raises the cause, produce() does not."""
        self._served(lambda: self._producer.poll(0))
        return self._failed or error

    def _served(self, call: Callable[[], int]) -> int:
        """What ``call`` of the producer returns; ConnectorError with the cause if that is unusable."""
        try:
            return call()
        except KafkaException as fatal:
            raise self._explained(fatal.args[0]) from None
        except SystemError as error:
            # The client calls _note although the exception of a fatal error is set already.
            if not isinstance(error.__cause__, KafkaException):
                raise
            raise self._explained(error.__cause__.args[0]) from None

    def _note(self, error: Any, _: Any) -> None:
        self._failed = self._failed or error

    def _explained(self, error: Any) -> ConnectorError:
        return self.cluster.explained(error, f"dead-letter topic {self.topic}")
