"""Apache Kafka, broker and controller in one process (KRaft), from its Maven artifacts.

A test that gives ``files={"server.properties": SETTINGS + more}`` changes what the listener CLIENT asks of
who connects; the broker itself and ``create_topics`` go in by INTERNAL, where nothing is asked.
"""

from collections.abc import Mapping
from typing import Any

from tests.services.packages import Jars
from tests.services.server import Server, free_port
from tests.services.service import Service, Start

__all__ = ["SERVICE", "SETTINGS", "bootstrap", "create_topics"]

SETTINGS = """\
process.roles=broker,controller
node.id=1
listeners=CLIENT://127.0.0.1:0,INTERNAL://127.0.0.1:0,CONTROLLER://127.0.0.1:0
listener.security.protocol.map=CLIENT:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=INTERNAL
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:1
log.dirs=data
auto.create.topics.enable=false
# One broker keeps one copy of everything.
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
# Tests wait for nobody.
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
# Readings have times of months ago: a broker that keeps a week would drop them in the middle of a test.
log.retention.ms=-1
# A limit that a test can exceed: by default, it is the largest value that a client accepts.
group.max.session.timeout.ms=600000
"""
CLUSTER = "c3RlcGNhc3QtdGVzdHMwMQ"  # 16 bytes in base64: what folders are formatted for, once
INTERNAL = "internal"  # the file with the address of that listener
MISSED = "Fencing broker 1"
SERVING = "Kafka Server started"
# $0 is the launcher of the jars. What a kill left is used again, whatever ports are free now.
#
# A broker that is back before anybody missed it leads its partitions, loses them when it registers, and leads
# them again. If it was killed while it ended a transaction, it may find no leader in between, take the
# partitions for deleted and never mark the end: readers of committed messages wait for ever. So first a
# controller alone has to miss it.
SCRIPT = f"""
begin=$1 controller=$2 && shift 2
if test -e data/meta.properties; then
  sed '/^inter.broker.listener.name/d' server.properties >controller.properties
  cat >>controller.properties <<END
process.roles=controller
listeners=CONTROLLER://$controller
controller.quorum.voters=1@$controller
broker.session.timeout.ms=500
END
  "$0" kafka.Kafka controller.properties >missed 2>&1 &
  for tenth in $(seq 300); do
    sleep 0.1
    if grep -q '{MISSED}' missed || ! kill -0 $!; then break; fi
  done
  kill $!; wait $! || true
else
  "$0" kafka.tools.StorageTool format --cluster-id {CLUSTER} --config server.properties || exit
fi
echo "$begin"
exec "$0" kafka.Kafka server.properties "$@"
"""


def command(start: Start) -> list[str]:
    internal, controller = (f"127.0.0.1:{free_port()}" for _ in range(2))
    settings = {
        "listeners": f"CLIENT://{start.address},INTERNAL://{internal},CONTROLLER://{controller}",
        "controller.quorum.voters": f"1@{controller}",
    }
    (start.folder / INTERNAL).write_text(internal, "utf-8")
    overrides = [word for name, value in settings.items() for word in ("--override", f"{name}={value}")]
    return ["/bin/sh", "-c", SCRIPT, str(start.executable), begins(start), controller, *overrides]


def begins(start: Start) -> str:
    """What the log has once a start, and no earlier start of the same folder had."""
    return f"broker begins at {(start.folder / INTERNAL).read_text('utf-8')}"


def serves(server: Server) -> bool:
    """Its port is open long before it answers: it says so itself when it does."""
    return SERVING in server.log.partition(begins(server.start))[2]


SERVICE = Service(
    name="kafka",
    # The broker leaves it to its distribution to choose where its log goes: slf4j-simple prints it.
    package=Jars("org.apache.kafka:kafka_2.13:4.3.1", "kafka-java", ("org.slf4j:slf4j-simple:1.7.36",)),
    executables=("kafka-java",),
    command=command,
    is_ready=serves,
    files={"server.properties": SETTINGS},
    environment={"JAVA_OPTS": "-Xms64m -Xmx384m -XX:+UseSerialGC -XX:TieredStopAtLevel=1"},
    memory=1536,
)


def bootstrap(server: Server) -> str:
    """What a client is given."""
    return server.start.address


def create_topics(server: Server, topics: Mapping[str, int], **settings: str) -> None:
    """Topics by name with their number of partitions; ``settings`` such as ``cleanup_policy="compact"``."""
    from confluent_kafka.admin import AdminClient, NewTopic

    admin = AdminClient({"bootstrap.servers": (server.folder / INTERNAL).read_text("utf-8")})
    config: dict[str, Any] = {name.replace("_", "."): value for name, value in settings.items()}
    wanted = [NewTopic(name, partitions, 1, config=config) for name, partitions in topics.items()]
    for created in admin.create_topics(wanted, operation_timeout=30).values():
        created.result()
