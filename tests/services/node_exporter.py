"""node_exporter, Prometheus's exporter of what a machine is doing, as Debian has it."""

from tests.services.packages import Debian
from tests.services.server import answers
from tests.services.service import Service, Start

__all__ = ["SERVICE"]


def command(start: Start) -> list[str]:
    # What Debian turns on and a test machine may lack would be an error in the log of every scrape.
    off = ["--no-collector.systemd", "--no-collector.textfile"]
    return [str(start.executable), f"--web.listen-address={start.address}", *off]


SERVICE = Service(
    name="node-exporter",
    package=Debian("prometheus-node-exporter"),
    executables=("prometheus-node-exporter", "node_exporter"),
    command=command,
    is_ready=answers("/metrics"),
    environment={"GOMEMLIMIT": "128MiB"},
    memory=512,
)
