"""Faults of the client that a broker shows only now and then, put between the pull and a real broker."""

import time
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from stepcast.connect.kafka import client, formats, observations, source
from stepcast.connect.kafka.folders import LocalFolder
from stepcast.connect.kafka.parts import Parts
from stepcast.connect.kafka.settings import Settings
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


class Refusing(Consumer):
    """Whose first commit comes during a rebalance that leaves it its partition, as a cooperative one may."""

    refused = False

    def commit(self, *more: Any, **named: Any) -> Any:
        if not Refusing.refused:
            Refusing.refused = True
            raise KafkaException(KafkaError(KafkaError.REBALANCE_IN_PROGRESS))
        return super().commit(*more, **named)


def test_a_partition_is_read_on_after_a_commit_was_refused(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "Consumer", Refusing)
    topic = broker.topic()
    broker.send(topic, [reading(number) for number in range(3)])

    cooperative = ("--config", "partition.assignment.strategy=cooperative-sticky")
    pulled = broker.pull(topic, tmp_path, *cooperative, "--part-rows", "1", "--json").json

    assert Refusing.refused
    assert values(tmp_path) == [0, 1, 2]
    assert [one["lag"] for one in pulled["lag"]] == [0]


def test_progress_is_told_only_where_there_is_some(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "TELLS_EVERY", 0)
    topic, looks, told = broker.topic(), iter(range(1000)), []
    broker.send(topic, [reading(0)])
    wish = source.Wish(topic, "g", idle=None)
    reader = observations.reader(formats.decoder("json", {}), *formats.PLACES["json"], {})
    parts = Parts(LocalFolder(tmp_path), topic, reader.columns)

    pulled = source.pull(
        client.Cluster(Settings(broker.address)),
        wish,
        reader,
        parts,
        is_stopped=lambda: bool(told) and next(looks) > 5,
        tell=lambda pulled: told.append(pulled.messages),
    )

    assert pulled.messages == 1
    assert told == [1]


def test_an_error_that_has_passed_does_not_explain_a_later_one(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusal(cluster: client.Cluster, code: int) -> str:
        return str(cluster.explained(KafkaError(code), "topic a"))

    cluster = client.Cluster(Settings(broker.address))
    cluster._note(KafkaError(KafkaError._AUTHENTICATION))
    assert "refuses this client" in refusal(cluster, KafkaError._TRANSPORT)
    assert "not allowed" in refusal(cluster, KafkaError.TOPIC_AUTHORIZATION_FAILED)
    assert "Broker: Invalid request" in refusal(cluster, KafkaError.INVALID_REQUEST)
    assert cluster.silence is not None

    cluster.partitions(cluster.admin(), broker.topic())
    assert "no broker answers" in refusal(cluster, KafkaError._TRANSPORT)
    assert cluster.silence is None

    cluster._note(KafkaError(KafkaError._AUTHENTICATION))
    monkeypatch.setattr(client, "RECENT", 0)
    assert "no broker answers" in refusal(cluster, KafkaError._TRANSPORT)
