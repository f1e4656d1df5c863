"""The lag of a group in each partition."""

from dataclasses import dataclass

from confluent_kafka import ConsumerGroupTopicPartitions, IsolationLevel, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from stepcast.connect.errors import ConnectorError
from stepcast.connect.kafka.client import Cluster
from stepcast.connect.kafka.worker.topics import PATIENCE

__all__ = ["Lag", "lag_of"]


@dataclass(frozen=True)
class Lag:
    """``committed`` is None if nothing was; ``end`` excludes open transactions of producers."""

    topic: str
    partition: int
    committed: int | None
    begin: int
    end: int

    @property
    def lag(self) -> int:
        return max(0, self.end - max(self.committed or 0, self.begin))


def lag_of(cluster: Cluster, group: str, topic: str | None = None) -> list[Lag]:
    """By topic and partition: for ``topic``, or for everything the group has committed."""
    admin = cluster.admin()
    cluster.check(admin)  # the calls below do not give the reason
    numbers = [] if topic is None else cluster.partitions(admin, topic)
    try:
        (answer,) = admin.list_consumer_group_offsets(
            [ConsumerGroupTopicPartitions(group)], request_timeout=PATIENCE
        ).values()
        committed = {
            (one.topic, one.partition): one.offset
            for one in answer.result().topic_partitions
            if one.offset >= 0
        }
        wanted = {place for place in committed if topic is None or place[0] == topic}
        wanted |= {(str(topic), number) for number in numbers}
        earliest, latest = OffsetSpec.earliest(), OffsetSpec.latest()  # type: ignore[no-untyped-call]
        begins, ends = (_offsets(admin, wanted, spec) if wanted else {} for spec in (earliest, latest))
    except KafkaException as error:
        raise cluster.explained(error.args[0], f"group {group}") from None
    if not wanted:
        raise ConnectorError(f"group {group} has committed nothing yet: name its topic with --from")
    return [Lag(*place, committed.get(place), begins[place], ends[place]) for place in sorted(wanted)]


def _offsets(
    admin: AdminClient, places: set[tuple[str, int]], spec: OffsetSpec
) -> dict[tuple[str, int], int]:
    asked = {TopicPartition(*place): spec for place in places}
    found = admin.list_offsets(asked, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=PATIENCE)
    return {(place.topic, place.partition): one.result().offset for place, one in found.items()}
