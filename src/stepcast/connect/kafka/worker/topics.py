"""The topics of a stream: which must exist, and which are created."""

import time
from collections.abc import Mapping

from confluent_kafka import IsolationLevel, KafkaException, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    ConfigResource,
    NewTopic,
    OffsetSpec,
    ResourceType,
)

from stepcast.connect.errors import ConnectorError
from stepcast.connect.kafka.client import Cluster
from stepcast.connect.kafka.worker.order import Order

__all__ = ["PATIENCE", "end_offsets", "partitions_of", "prepare"]

PATIENCE = 60  # seconds to wait for a broker


def prepare(order: Order, cluster: Cluster) -> tuple[int, int]:
    """Create the topics of forecasts and state if they are missing.

    Returns the number of partitions of the input and of the output. State is kept in a compacted topic, in
    the partition with the same number as the input's.
    """
    admin = cluster.admin()
    cluster.partitions(admin, order.read)
    if order.letters is not None:
        cluster.partitions(admin, order.letters)
    topics = partitions_of(admin)
    count, replication = topics[order.read]
    compacted = {"cleanup.policy": "compact"}
    _create(admin, {order.state: NewTopic(order.state, count, replication, config=compacted)}, topics)
    _create(admin, {order.write: NewTopic(order.write, count, replication)}, topics)
    there = partitions_of(admin)
    had = there[order.state][0]
    if had != count:
        raise ConnectorError(
            f"{order.read} has {count} partitions, and had {had} when the group {order.group} began: items "
            "have moved to other partitions than their state; start a new --group, which reads all again"
        )
    _check_compacted(admin, order.state)
    return count, there[order.write][0]


def _check_compacted(admin: AdminClient, topic: str) -> None:
    """ConnectorError if the broker would delete the state of items that are not updated for a while."""
    asked = ConfigResource(ResourceType.TOPIC, topic)
    (answer,) = admin.describe_configs([asked], request_timeout=PATIENCE).values()
    try:
        policy = answer.result()["cleanup.policy"].value
    except KafkaException:  # the user may lack DESCRIBE_CONFIGS, which the stream does not need otherwise
        return
    if policy != "compact":
        raise ConnectorError(
            f"topic {topic} has cleanup.policy={policy}, so the broker would delete state: set it to compact"
        )


def partitions_of(admin: AdminClient) -> dict[str, tuple[int, int]]:
    """The number of partitions and the replication factor of each topic."""
    topics = admin.list_topics(timeout=PATIENCE).topics
    return {
        name: (len(topic.partitions), min(len(one.replicas) for one in topic.partitions.values()))
        for name, topic in topics.items()
        if topic.partitions
    }


def _create(admin: AdminClient, wanted: Mapping[str, NewTopic], there: Mapping[str, object]) -> None:
    missing = [topic for name, topic in wanted.items() if name not in there]
    if not missing:
        return
    for name, created in admin.create_topics(missing, operation_timeout=PATIENCE).items():
        try:
            created.result()
        except KafkaException as error:
            if error.args[0].name() != "TOPIC_ALREADY_EXISTS":  # another worker was faster
                raise ConnectorError(
                    f"topic {name} cannot be created: {error.args[0].str()}; create it yourself"
                ) from None
    deadline = time.monotonic() + PATIENCE
    while not wanted.keys() <= partitions_of(admin).keys():
        if time.monotonic() > deadline:
            raise ConnectorError(f"{', '.join(wanted)} was created and has not appeared within {PATIENCE} s")
        time.sleep(0.1)  # metadata take a moment to reach every broker


def end_offsets(
    admin: AdminClient, topic: str, partitions: list[int], timeout: float = PATIENCE
) -> dict[int, int]:
    """The end of each partition, including open transactions.

    A consumer with isolation.level=read_committed gets the end of the committed part instead.
    """
    admin.list_topics(topic, timeout=timeout)  # or an offset may be asked of a leader that has changed
    asked = {TopicPartition(topic, number): OffsetSpec.latest() for number in partitions}  # type: ignore[no-untyped-call]
    isolation = IsolationLevel.READ_UNCOMMITTED
    found = admin.list_offsets(asked, isolation_level=isolation, request_timeout=timeout)
    return {place.partition: result.result().offset for place, result in found.items()}
