"""What docs/how-to/prometheus.md speaks of: a Prometheus with page faults of a node_exporter, and files."""

import math
import os
import random
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from stepcast.connect.prometheus.client import Client
from stepcast.connect.prometheus.connection import connection
from tests.connect.prometheus.conftest import SETTINGS, Store
from tests.services import Server, node_exporter, prometheus, running, victoria_metrics
from tests.services.server import free_port

if TYPE_CHECKING:
    from tests.cli.test_documented_lines import Reader

HOURS = 14
METRIC = "node_vmstat_pgfault"


@contextmanager
def prepared(page: Path, reader: "Reader") -> Iterator[None]:
    """The page's servers for the ports that it names, its files in the folder, promtool on the PATH."""
    text, folder = page.read_text("utf-8"), reader.folder
    (params,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    (settings,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    (folder / "pagefaults.json").write_text(params)
    (folder / "prometheus.yml").write_text(settings)
    with (
        page_faults(folder / "servers") as store,
        running(victoria_metrics.SERVICE, folder / "servers/victoria") as victoria,
    ):
        reader.read_as |= {
            "9090": str(store.server.port),
            "8428": str(victoria.port),
            "9811": str(free_port()),
        }
        tools = store.server.start.executable.parent
        reader.environment["PATH"] = f"{tools}{os.pathsep}{reader.environment['PATH']}"
        yield


@contextmanager
def page_faults(folder: Path) -> Iterator[Store]:
    """A Prometheus that scrapes a node_exporter, and knows its page faults of the hours before as well."""
    with running(node_exporter.SERVICE, folder / "node") as node:
        files = {"prometheus.yml": SETTINGS.format(port=node.port)}
        with running(prometheus.SERVICE, folder / "prometheus", files) as server:
            store = Store(server, Client(connection(server.url)))
            store.write(labels(node), made_up(int(time.time()) - HOURS * 3600, int(time.time()) - 60))
            store.eventually(METRIC)
            yield store


def labels(node: Server) -> dict[str, str]:
    return {"__name__": METRIC, "instance": f"127.0.0.1:{node.port}", "job": "node"}


def made_up(start: int, end: int) -> list[tuple[float, float]]:
    """A counter, a sample a minute: some 2,700 page faults a second, in waves of six hours, and noise."""
    noise, total = random.Random(7), 0.0  # noqa: S311 - repeatable, no secret
    points = []
    for when in range(start, end, 60):
        total += 60 * max(0.0, 2700 + 900 * math.sin(2 * math.pi * when / 21_600) + noise.gauss(0, 150))
        points.append((float(when), total))
    return points
