"""Clients of a Kafka cluster, and messages for their failures that say what to change."""

import logging
import time
from collections.abc import Mapping
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient

from stepcast.connect.errors import ConnectorError
from stepcast.connect.kafka.errors import NoAnswer
from stepcast.connect.kafka.settings import Settings

__all__ = ["AWAY", "DENIED", "LOGIN_FAILED", "Cluster"]

PATIENCE = 15  # seconds to wait for an answer
DENIED = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
}
SILENT_FOR = (KafkaError._AUTHENTICATION, KafkaError._SSL, KafkaError._ALL_BROKERS_DOWN)
LOGIN_FAILED = {KafkaError._AUTHENTICATION, KafkaError._SSL, KafkaError.SASL_AUTHENTICATION_FAILED}
# Nothing is wrong with the request: it may succeed later.
AWAY = {
    KafkaError._TRANSPORT,
    KafkaError._TIMED_OUT,
    KafkaError._ALL_BROKERS_DOWN,
    KafkaError._RESOLVE,
    KafkaError._WAIT_COORD,
    KafkaError.BROKER_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.FENCED_LEADER_EPOCH,
    KafkaError.KAFKA_STORAGE_ERROR,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.NETWORK_EXCEPTION,
    KafkaError.NOT_COORDINATOR,
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.OFFSET_NOT_AVAILABLE,
    KafkaError.REQUEST_TIMED_OUT,
    KafkaError.UNKNOWN_LEADER_EPOCH,
    KafkaError.UNSTABLE_OFFSET_COMMIT,
}
RECENT = 60  # seconds; librdkafka repeats the error of a broker every 30 s at least
SHOWN = 8  # topics named in a message
# librdkafka logs to stderr by default; what matters reaches error_cb as well.
SILENT = logging.getLogger("stepcast.kafka.silent")
SILENT.addHandler(logging.NullHandler())
SILENT.propagate = False


class Cluster:
    """Creates clients, and records why brokers could not be reached."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._noted: dict[int, tuple[float, str]] = {}  # the latest error of each code, and when it came

    @property
    def reasons(self) -> dict[int, str]:
        """Recent errors by code: an older one does not explain a failure of today."""
        now = time.monotonic()
        return {code: text for code, (then, text) in self._noted.items() if now - then < RECENT}

    @property
    def silence(self) -> str | None:
        """Why no broker has answered lately; None if one has."""
        reasons = self.reasons
        return next((reasons[code] for code in SILENT_FOR if code in reasons), None)

    def heard(self) -> None:
        """A broker has answered: earlier errors are over."""
        self._noted.clear()

    @property
    def name(self) -> str:
        return self.settings.bootstrap

    def consumer(
        self, group: str, more: Mapping[str, Any] | None = None, *, must: Mapping[str, Any] | None = None
    ) -> Consumer:
        """A consumer that reads committed messages unless isolation.level is set, with manual commits.

        The user's settings override ``more``, but not ``must``.
        """
        own = {
            "group.id": group,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "earliest",
        }
        defaults = {"isolation.level": "read_committed", **(more or {})}
        return self._made(Consumer, {**defaults, **self._common, **own, **(must or {})})  # type: ignore[no-any-return]

    def producer(self, more: Mapping[str, Any] | None = None) -> Producer:
        """An idempotent producer; ``more`` overrides the user's settings, as ``transactional.id``."""
        defaults = {"enable.idempotence": True, "linger.ms": 5}
        return self._made(Producer, {**defaults, **self._common, **(more or {})})  # type: ignore[no-any-return]

    def admin(self) -> AdminClient:
        return self._made(AdminClient, self._common)  # type: ignore[no-any-return]

    def partitions(self, client: Any, topic: str) -> list[int]:
        """The partitions of a topic; ConnectorError if the topic, the broker or the permission is missing."""
        found = self._topics(client, topic)[topic]
        if found.error is None:
            return sorted(found.partitions)
        if found.error.code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
            raise self.explained(found.error, f"topic {topic}")
        names = sorted(name for name in self._topics(client) if not name.startswith("__"))
        there = f"there are {', '.join(names[:SHOWN])}{', ...' if len(names) > SHOWN else ''}"
        raise ConnectorError(
            f"there is no topic {topic} at {self.name}, or this user may not see it: "
            f"{there if names else 'it sees no topics'}"
        )

    def check(self, client: Any) -> None:
        """ConnectorError if no broker answers."""
        self._topics(client)

    def topic_id(self, topic: str) -> str | None:
        """The topic's id, which tells it from an earlier topic of the same name; None if unavailable."""
        from confluent_kafka import TopicCollection

        admin = self.admin()  # must live until it has answered
        try:
            answers = admin.describe_topics(TopicCollection([topic]), request_timeout=PATIENCE)
            found = answers[topic].result().topic_id
        except KafkaException:
            return None
        return None if found is None else str(found)

    def explained(self, error: KafkaError, what: str) -> ConnectorError:
        """An error that says what failed with ``what``, and what to change."""
        code, said = error.code(), error.str()
        user = self.settings.kafka.get("sasl.username")
        who = f"the user {user}" if user else "this client"
        if code in DENIED:
            need = "WRITE" if what.startswith("dead-letter") else "READ"
            return ConnectorError(
                f"{who} is not allowed to use {what} at {self.name}: it needs {need} and DESCRIBE on it"
            )
        if code not in AWAY | LOGIN_FAILED:
            return ConnectorError(f"{what} at {self.name}: {said or error.name()}")
        reasons = self.reasons
        if KafkaError._AUTHENTICATION in reasons or code in LOGIN_FAILED:
            why = reasons.get(KafkaError._AUTHENTICATION, said)
            return NoAnswer(
                f"{self.name} refuses {who}: {why}. Check sasl.mechanism, sasl.username and sasl.password"
            )
        if KafkaError._SSL in reasons:
            return NoAnswer(
                f"TLS with {self.name} fails: {reasons[KafkaError._SSL]}. Check ssl.ca.location, and "
                "that the port accepts TLS"
            )
        why = reasons.get(KafkaError._RESOLVE) or reasons.get(KafkaError._TRANSPORT) or said
        return NoAnswer(
            f"no broker answers at {self.name}: {why}. Check --bootstrap, and security.protocol "
            "if the broker requires TLS or a password"
        )

    def _topics(self, client: Any, *topic: str) -> Mapping[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                found: Mapping[str, Any] = client.list_topics(*topic, timeout=2).topics
            except KafkaException as error:
                client.poll(0)  # delivers pending errors to error_cb
                is_refused = self.reasons.keys() & {KafkaError._AUTHENTICATION, KafkaError._SSL}
                if is_refused or time.monotonic() > deadline:
                    raise self.explained(error.args[0], " ".join(("topic", *topic))) from None
            else:
                self.heard()
                return found

    @property
    def _common(self) -> dict[str, Any]:
        return {
            "client.id": "stepcast",
            **self.settings.kafka,
            "bootstrap.servers": self.settings.bootstrap,
            "error_cb": self._note,
        }

    def _made(self, kind: Any, config: dict[str, Any]) -> Any:
        try:
            return kind(config, logger=SILENT)
        except KafkaException as error:
            raise ConnectorError(
                f"{error.args[0].str()}: correct it in --config, --config-file or the environment; "
                "librdkafka's CONFIGURATION.md lists all settings"
            ) from None

    def _note(self, error: KafkaError) -> None:
        self._noted[error.code()] = time.monotonic(), error.str()
