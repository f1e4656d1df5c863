"""A real Prometheus that takes the past, and a real node_exporter that it scrapes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from stepcast.connect.prometheus.client import Client
from stepcast.connect.prometheus.connection import connection
from stepcast.connect.prometheus.remote_write import Samples, write
from tests.services import Server, node_exporter, prometheus, running

SETTINGS = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
storage: {{tsdb: {{out_of_order_time_window: 1000d}}}}
scrape_configs:
  - job_name: node
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""

Write = Callable[[dict[str, str], list[tuple[float, float]]], None]


@dataclass(frozen=True)
class Store:
    """A server, a client of it, and what writes samples into it."""

    server: Server
    client: Client

    @property
    def url(self) -> str:
        return self.server.url

    def write(self, labels: dict[str, str], points: list[tuple[float, float]]) -> None:
        write(self.client, [Samples(labels, points)])


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(node_exporter.SERVICE, tmp_path_factory.mktemp("node_exporter")) as server:
        yield server


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory, node: Server) -> Iterator[Store]:
    settings = {"prometheus.yml": SETTINGS.format(port=node.port)}
    with running(prometheus.SERVICE, tmp_path_factory.mktemp("prometheus"), settings) as server:
        yield Store(server, Client(connection(server.url)))
