"""VictoriaMetrics, a store that speaks Prometheus's API and keeps samples of the future, as Debian has it."""

from tests.services.packages import Debian
from tests.services.server import answers
from tests.services.service import Service, Start

__all__ = ["SERVICE"]


def command(start: Start) -> list[str]:
    return [
        str(start.executable),
        f"-httpListenAddr={start.address}",
        "-storageDataPath=data",
        "-retentionPeriod=100y",
        "-memory.allowedBytes=256MiB",
        "-search.latencyOffset=0s",  # by default what was written in the last 30 s is not shown
    ]


SERVICE = Service(
    name="victoria-metrics",
    package=Debian("victoria-metrics"),
    executables=("victoria-metrics", "victoria-metrics-prod"),
    command=command,
    is_ready=answers("/health"),
)
