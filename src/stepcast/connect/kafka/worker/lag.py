"""How far a group has come in each partition."""

from collections.abc import Mapping
from dataclasses import dataclass

from confluent_kafka import ConsumerGroupTopicPartitions, IsolationLevel, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from stepcast.connect.errors import ConnectorError
from stepcast.connect.kafka.worker.topics import PATIENCE, partitions_of

__all__ = ["Lag", "lag_of"]


@dataclass(frozen=True)
class Lag:
    """``committed`` is None where nothing was; ``end`` that of what is committed by those who write."""

    topic: str
    partition: int
    committed: int | None
    begin: int
    end: int

    @property
    def lag(self) -> int:
        return max(0, self.end - max(self.committed or 0, self.begin))


def lag_of(client: Mapping[str, str], group: str, topic: str | None = None) -> list[Lag]:
    """By topic and partition: of ``topic``, or of all that the group has committed."""
    admin = AdminClient(dict(client))
    topics = partitions_of(admin)
    try:
        (answer,) = admin.list_consumer_group_offsets(
            [ConsumerGroupTopicPartitions(group)], request_timeout=PATIENCE
        ).values()
        committed = {
            (one.topic, one.partition): one.offset
            for one in answer.result().topic_partitions
            if one.offset >= 0
        }
    except KafkaException as error:
        raise ConnectorError(f"the offsets of group {group} cannot be read: {error.args[0].str()}") from None
    if topic is not None and topic not in topics:
        raise ConnectorError(f"there is no topic {topic}")
    wanted = {place for place in committed if topic is None or place[0] == topic}
    if topic is not None:
        wanted |= {(topic, number) for number in range(topics[topic][0])}
    if not wanted:
        raise ConnectorError(f"group {group} has committed nothing yet: name its topic with --from")
    begins, ends = (_offsets(admin, wanted, spec) for spec in (OffsetSpec.earliest(), OffsetSpec.latest()))
    return [Lag(*place, committed.get(place), begins[place], ends[place]) for place in sorted(wanted)]


def _offsets(
    admin: AdminClient, places: set[tuple[str, int]], spec: OffsetSpec
) -> dict[tuple[str, int], int]:
    asked = {TopicPartition(*place): spec for place in places}
    found = admin.list_offsets(asked, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=PATIENCE)
    return {(place.topic, place.partition): one.result().offset for place, one in found.items()}
