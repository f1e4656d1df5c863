"""Faults of the client that a broker shows only now and then, put between the pull and a real broker."""

import time
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from stepcast.connect.kafka import client, source
from tests.connect.kafka.conftest import Broker, reading, values


class Unknown:
    """A topic that the broker does not know for a moment."""

    def error(self) -> KafkaError:
        return KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART)


class Forgotten(Consumer):
    """Says so once, while messages wait in it, and does not answer when it is asked."""

    told = answers = False

    def consume(self, *more: Any) -> list[Any]:
        if not Forgotten.told and self.assignment():
            Forgotten.told = True
            time.sleep(2)  # until messages are there
            return [Unknown()]
        return super().consume(*more)

    def list_topics(self, *more: Any, **named: Any) -> Any:
        if Forgotten.told and not Forgotten.answers:
            Forgotten.answers = True
            raise KafkaException(KafkaError(KafkaError._TRANSPORT))
        return super().list_topics(*more, **named)


def test_asking_for_a_topic_takes_no_message(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "Consumer", Forgotten)
    topic = broker.topic()
    broker.send(topic, [reading(number) for number in range(5)])

    broker.pull(topic, tmp_path)

    assert Forgotten.told
    assert values(tmp_path) == [0, 1, 2, 3, 4]


class Rebalanced(Consumer):
    """Has its partition taken and given back once, some time after it was first asked."""

    since, done = 0.0, False

    def subscribe(self, topics: list[str], on_assign: Any, on_revoke: Any, on_lost: Any) -> None:
        self.topic, self.given, self.taken = topics[0], on_assign, on_revoke
        super().subscribe(topics, on_assign=on_assign, on_revoke=on_revoke, on_lost=on_lost)

    def consume(self, *more: Any) -> list[Any]:
        if Rebalanced.done:
            source.MEMBERS_PATIENCE = 120
            if self.taken is not None:
                self.taken = None
                self.given(self, [TopicPartition(self.topic, 0)])
            return super().consume(*more)
        now = time.monotonic()
        Rebalanced.since = Rebalanced.since or now
        if self.assignment() and now - Rebalanced.since > 2:
            Rebalanced.done = True
            source.MEMBERS_PATIENCE = 1  # type: ignore[misc]
            self.taken(self, [TopicPartition(self.topic, 0)])
            return []
        return super().consume(*more)


def test_a_rebalance_after_a_long_time_does_not_end_the_pull(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "Consumer", Rebalanced)
    monkeypatch.setattr(source, "MEMBERS_PATIENCE", source.MEMBERS_PATIENCE)
    topic = broker.topic()
    broker.send(topic, [reading(0), reading(1)])

    done = broker.pull(topic, tmp_path, "--until-idle", "5s")

    assert Rebalanced.done
    assert done.code == 0, done.err
    assert values(tmp_path) == [0, 1]
