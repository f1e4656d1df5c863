"""A real Prometheus that takes the past, and a real node_exporter that it scrapes."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from localaws import LocalAws
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

PATIENCE = 600  # seconds; a watchdog, not a measure


@dataclass(frozen=True)
class Store:
    """A server, a client of it, and what writes samples into it."""

    server: Server
    client: Client

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def now(self) -> float:
        return time.time()

    def eventually(self, expression: str) -> list[dict[str, Any]]:
        """The series of an expression as soon as there are any."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if found := self.client.instant(expression, time.time()):
                return found
            time.sleep(0.1)  # between two looks
        raise TimeoutError(f"{expression} has no values after {PATIENCE} s")

    def write(self, labels: dict[str, str], points: list[tuple[float, float]]) -> None:
        write(self.client, [Samples(labels, points)])


def await_run(aws: LocalAws, machine: str) -> None:
    """Wait until the run that an upload started has ended well."""
    states, deadline = aws.client("stepfunctions"), time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        executions = states.list_executions(stateMachineArn=machine)["executions"]
        if executions and all(one["status"] != "RUNNING" for one in executions):
            assert executions[0]["status"] == "SUCCEEDED", executions
            return
        time.sleep(0.2)  # between two looks
    raise TimeoutError(f"no run has ended after {PATIENCE} s")


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(node_exporter.SERVICE, tmp_path_factory.mktemp("node_exporter")) as server:
        yield server


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory, node: Server) -> Iterator[Store]:
    settings = {"prometheus.yml": SETTINGS.format(port=node.port)}
    with running(prometheus.SERVICE, tmp_path_factory.mktemp("prometheus"), settings) as server:
        yield Store(server, Client(connection(server.url)))
