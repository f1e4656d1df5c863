"""Dead letters to a producer that becomes unusable at a moment which no broker can be made to hit."""

from typing import Any

import pytest

pytest.importorskip("confluent_kafka", reason="confluent-kafka is not installed: the extra kafka")

from confluent_kafka import KafkaError, KafkaException

from stepcast.connect.errors import ConnectorError
from stepcast.connect.kafka.client import Cluster
from stepcast.connect.kafka.dead_letters import DeadLetters
from stepcast.connect.kafka.settings import Settings

FATAL = KafkaException(KafkaError(KafkaError.CLUSTER_AUTHORIZATION_FAILED, "no idempotence", fatal=True))


class Unusable:
    """Its calls end as those of a producer do when a delivery is reported after a fatal error."""

    def __init__(self, cause: Exception | None) -> None:
        self.cause = cause

    def flush(self, _: float) -> int:
        raise SystemError("returned a result with an exception set") from self.cause


class Offline(Cluster):
    def __init__(self, cause: Exception | None) -> None:
        super().__init__(Settings("127.0.0.1:9", {}))
        self.cause = cause

    def producer(self, *_: Any) -> Any:
        return Unusable(self.cause)

    def partitions(self, *_: Any) -> list[int]:
        return [0]


def test_a_fatal_error_is_explained_though_a_report_came_between() -> None:
    with pytest.raises(ConnectorError, match="dead-letter topic letters"):
        DeadLetters(Offline(FATAL), "letters").flush()


def test_another_error_of_the_interpreter_is_none_of_the_brokers() -> None:
    with pytest.raises(SystemError):
        DeadLetters(Offline(None), "letters").flush()
