"""node_exporter, Prometheus's exporter of what a machine is doing, as Debian has it."""

from tests.services.packages import Debian
from tests.services.server import answers
from tests.services.service import Service, Start

__all__ = ["SERVICE"]


def command(start: Start) -> list[str]:
    return [str(start.executable), f"--web.listen-address={start.address}"]


SERVICE = Service(
    name="node-exporter",
    package=Debian("prometheus-node-exporter"),
    executables=("prometheus-node-exporter", "node_exporter"),
    command=command,
    is_ready=answers("/metrics"),
    environment={"GOMEMLIMIT": "128MiB"},
    memory=512,
)
