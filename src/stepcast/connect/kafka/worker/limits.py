"""Timeouts that the brokers do not accept."""

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import ConfigResource, ResourceType  # type: ignore[attr-defined]

from stepcast.connect.errors import ConnectorError
from stepcast.connect.kafka.client import Cluster
from stepcast.connect.kafka.worker.order import Order

__all__ = ["refused_timeout"]

PATIENCE = 15  # seconds
SESSION = ("group.min.session.timeout.ms", "group.max.session.timeout.ms")
TRANSACTION = ("transaction.max.timeout.ms",)


def refused_timeout(error: KafkaError, order: Order, cluster: Cluster) -> ConnectorError | None:
    """What to change if the brokers refused a timeout; None if ``error`` is something else."""
    names: tuple[str, ...]
    if error.code() == KafkaError.INVALID_SESSION_TIMEOUT:
        option, seconds, names = "--session-timeout", order.session_timeout, SESSION
    elif error.code() == KafkaError.INVALID_TRANSACTION_TIMEOUT:
        option, seconds, names = "--transaction-timeout", order.transaction_timeout, TRANSACTION
    else:
        return None
    found = _settings(cluster)
    limits = " and ".join(
        f"{name} ({int(found[name]) / 1000:g} s)" if name in found else name for name in names
    )
    return ConnectorError(
        f"{cluster.name} does not accept {option} {seconds:g}s: its limit is {limits}. Change the option or "
        "the brokers"
    )


def _settings(cluster: Cluster) -> dict[str, str]:
    """The settings of a broker; empty if this user may not see them."""
    admin = cluster.admin()
    try:
        broker = next(iter(admin.list_topics(timeout=PATIENCE).brokers))
        asked = ConfigResource(ResourceType.BROKER, str(broker))
        (answer,) = admin.describe_configs([asked], request_timeout=PATIENCE).values()
        return {name: entry.value for name, entry in answer.result().items()}
    except (KafkaException, StopIteration):
        return {}
