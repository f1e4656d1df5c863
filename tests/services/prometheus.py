"""Prometheus, as Debian has it: ``promtool`` lies beside it."""

from tests.services.packages import Debian
from tests.services.server import answers
from tests.services.service import Service, Start

__all__ = ["SERVICE"]

SETTINGS = "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"


def command(start: Start) -> list[str]:
    return [
        str(start.executable),
        "--config.file=prometheus.yml",
        "--storage.tsdb.path=data",
        "--storage.tsdb.retention.time=10y",
        f"--web.listen-address={start.address}",
        "--web.enable-lifecycle",
        "--web.enable-remote-write-receiver",
    ]


SERVICE = Service(
    name="prometheus",
    package=Debian("prometheus"),
    executables=("prometheus",),
    command=command,
    is_ready=answers("/-/ready"),
    files={"prometheus.yml": SETTINGS},
    environment={"GOMEMLIMIT": "768MiB", "GOMAXPROCS": "2"},
)
