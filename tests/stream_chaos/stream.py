"""``stepcast stream`` as a process, and what it left in its topics."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Producer, TopicPartition

__all__ = ["Stream", "behind", "produce", "read_all", "streaming"]

MODEL = "tests.connect.kafka.worker.smoothing:Smoothing"
PATIENCE = 600  # seconds; a watchdog, not a measure


class Stream:
    """One command; ``options`` follow those that all tests need."""

    def __init__(self, bootstrap: str, group: str, instance: str, *options: str) -> None:
        self.events: list[dict[str, Any]] = []
        self.process = subprocess.Popen(
            [
                str(Path(sys.executable).with_name("stepcast")),
                *("stream", "--bootstrap", bootstrap, "--group", group, "--instance", instance),
                *("--from", "readings", "--to", f"{group}-forecasts", "--model", MODEL),
                *("--session-timeout", "6s", "--transaction-timeout", "10s", *options),
            ],
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
            start_new_session=True,
        )
        self.other: list[str] = []
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        for line in self.process.stderr or ():
            if line.startswith("{"):
                self.events.append(json.loads(line))
            else:
                self.other.append(line)

    @property
    def workers(self) -> list[int]:
        """Process ids of those that live."""
        found = []
        for event in self.events:
            if event["event"] == "started":
                with suppress(ProcessLookupError):
                    os.kill(event["pid"], 0)
                    found.append(event["pid"])
        return found

    def heard(self, event: str) -> int:
        return sum(one["event"] == event for one in self.events)

    def stop(self) -> int:
        """As a service manager does; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE)
        self._listener.join(PATIENCE)
        return code

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._listener.join(PATIENCE)
        if self.process.stderr is not None:
            self.process.stderr.close()


@contextmanager
def streaming(bootstrap: str, group: str, instance: str, *options: str) -> Iterator[Stream]:
    stream = Stream(bootstrap, group, instance, *options)
    try:
        yield stream
    finally:
        stream.kill()


def produce(bootstrap: str, topic: str, messages: Any) -> None:
    """Write messages (key, value); to the partition of their key."""
    producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True})
    for key, value in messages:
        while True:
            try:
                producer.produce(topic, value, key)
                break
            except BufferError:
                producer.poll(0.1)
    assert producer.flush(PATIENCE) == 0


def read_all(
    bootstrap: str, topic: str, isolation: str = "read_committed"
) -> list[list[tuple[bytes, bytes]]]:
    """Key and value of all messages, by partition."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "read-all",
            "isolation.level": isolation,
            "enable.partition.eof": True,
            "enable.auto.commit": False,
        }
    )
    try:
        count = len(consumer.list_topics(topic, timeout=60).topics[topic].partitions)
        found: list[list[tuple[bytes, bytes]]] = [[] for _ in range(count)]
        consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in range(count)])
        ended: set[int] = set()
        deadline = time.monotonic() + PATIENCE
        while len(ended) < count:
            assert time.monotonic() < deadline, f"{topic} cannot be read to its end"
            for message in consumer.consume(10_000, 0.2):
                if message.error() is None:
                    found[message.partition()].append((message.key(), message.value()))
                elif message.error().code() == KafkaError._PARTITION_EOF:
                    ended.add(message.partition())
        return found
    finally:
        consumer.close()


def behind(bootstrap: str, group: str, topic: str) -> int:
    """Messages of ``topic`` that the group has not committed yet."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group})
    try:
        count = len(consumer.list_topics(topic, timeout=60).topics[topic].partitions)
        lag = 0
        for place in consumer.committed([TopicPartition(topic, n) for n in range(count)], 60):
            low, high = consumer.get_watermark_offsets(TopicPartition(topic, place.partition), 60)
            lag += high - max(place.offset, low)
        return lag
    finally:
        consumer.close()
