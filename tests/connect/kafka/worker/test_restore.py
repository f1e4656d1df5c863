"""Reading a partition's state gives up where it cannot be read."""

import time
from typing import Any

import pytest

pytest.importorskip("confluent_kafka", reason="the extra kafka is not installed")

from confluent_kafka import KafkaError

from stepcast.connect.errors import ConnectorError
from stepcast.connect.kafka.worker import restore


class Denied:
    """What a consumer returns again and again for a topic that it may not read."""

    def partition(self) -> int:
        return 0

    def error(self) -> KafkaError:
        return KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED)


class Consumer:
    def assign(self, _: list[Any]) -> None:
        self.until = time.monotonic() + 60

    def consume(self, *_: Any) -> list[Denied]:
        assert time.monotonic() < self.until, "it goes on for ever"
        time.sleep(0.01)
        return [Denied()]

    def close(self) -> None:
        pass


class Cluster:
    def consumer(self, *_: Any, **__: Any) -> Consumer:
        return Consumer()


def test_errors_are_no_sign_of_life() -> None:
    cluster: Any = Cluster()

    with pytest.raises(ConnectorError, match="Topic authorization failed"):
        restore.restore(cluster, "g-state", {0: 5}, patience=0.3)
