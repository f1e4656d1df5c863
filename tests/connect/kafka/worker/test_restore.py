"""Reading a partition's state gives up where it cannot be read, and waits for a broker that is away."""

import json
import time
from threading import Event, Timer
from typing import Any

import pytest

pytest.importorskip("confluent_kafka", reason="the extra kafka is not installed")

from confluent_kafka import KafkaError, KafkaException

from stepcast.connect.errors import ConnectorError
from stepcast.connect.kafka.errors import NoAnswer
from stepcast.connect.kafka.worker import restore


class Message:
    """A record, or an error that a consumer returns in its place."""

    def __init__(self, offset: int, error: int | None = None) -> None:
        self._offset, self._error = offset, error

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return self._offset

    def key(self) -> bytes:
        return b"partition"

    def value(self) -> bytes:
        return str(self._offset).encode()

    def error(self) -> KafkaError | None:
        return None if self._error is None else KafkaError(self._error)


class Consumer:
    """Returns ``message`` again and again, after brokers were ``away`` for so many seconds."""

    def __init__(self, message: Message | None, away: float = 0.0) -> None:
        self.message, self.since = message, time.monotonic() + away

    def assign(self, _: list[Any]) -> None:
        self.until = time.monotonic() + 60

    def consume(self, *_: Any) -> list[Message]:
        assert time.monotonic() < self.until, "it goes on for ever"
        time.sleep(0.01)
        is_there = self.message is not None and time.monotonic() > self.since
        return [self.message] if is_there else []  # type: ignore[list-item]

    def get_watermark_offsets(self, *_: Any, **__: Any) -> tuple[int, int]:
        if time.monotonic() < self.since:
            raise KafkaException(KafkaError(KafkaError._TRANSPORT))
        return 0, 5

    def close(self) -> None:
        pass


def cluster(consumer: Consumer) -> Any:
    class Cluster:
        def consumer(self, *_: Any, **__: Any) -> Consumer:
            return consumer

    return Cluster()


def test_a_topic_that_may_not_be_read_is_not_tried_for_ever() -> None:
    denied = Message(-1001, KafkaError.TOPIC_AUTHORIZATION_FAILED)

    with pytest.raises(KafkaException, match="Topic authorization failed"):
        restore.restore(cluster(Consumer(denied)), "g-state", {0: 5}, patience=0.3, stop=Event())
    with pytest.raises(KafkaException, match="Topic authorization failed"):
        list(restore.replay(cluster(Consumer(denied)), "readings", 0, 5, Event()))


def test_a_transaction_that_hangs_is_not_waited_for_for_ever() -> None:
    with pytest.raises(ConnectorError, match=r"within 0\.3 s: a transaction of another worker hangs"):
        restore.restore(cluster(Consumer(None)), "g-state", {0: 5}, patience=0.3, stop=Event())


def test_a_broker_that_is_away_is_waited_for_with_a_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(restore, "SAYS_AFTER", 0.1)

    found = restore.restore(
        cluster(Consumer(Message(4), away=0.6)), "g-state", {0: 5}, patience=0.1, stop=Event()
    )

    assert found == {0: {b"partition": b"4"}}
    (said,) = map(json.loads, capsys.readouterr().err.splitlines())
    assert (said["event"], said["what"]) == ("waiting", "messages of g-state")


def test_a_worker_that_is_stopped_does_not_wait_for_a_broker() -> None:
    stop = Event()
    Timer(0.2, stop.set).start()

    with pytest.raises(NoAnswer, match="stopped while g-state was read"):
        restore.restore(cluster(Consumer(None, away=60)), "g-state", {0: 5}, patience=60, stop=stop)
