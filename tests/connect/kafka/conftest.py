"""A real broker of Apache Kafka, topics in it, and ``stepcast pull kafka`` as a user calls it."""

import itertools
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from confluent_kafka import Consumer, Producer
from typer.testing import CliRunner

from stepcast.cli.app import app
from tests.services import Server, kafka, running

COMMAND = "from stepcast.cli import main; main()"
PATIENCE = 300  # seconds; a watchdog, not a measure
NUMBERS = itertools.count()


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.code == 0, self.err
        return json.loads(self.out)


@dataclass(frozen=True)
class Broker:
    """``config`` is what its clients need beside its address."""

    server: Server
    config: Mapping[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return kafka.bootstrap(self.server)

    def topic(self, partitions: int = 1, **settings: str) -> str:
        """A new one."""
        name = f"readings.{next(NUMBERS)}"
        kafka.create_topics(self.server, {name: partitions}, **settings)
        return name

    def send(self, topic: str, values: Sequence[Any], **more: Any) -> None:
        """Values as JSON, unless they are bytes or None; ``more`` for each, as ``partition``."""
        producer = Producer({"bootstrap.servers": self.address, **self.config})
        for value in values:
            sent = value if value is None or isinstance(value, bytes) else json.dumps(value).encode()
            producer.produce(topic, sent, **more)
            producer.poll(0)
        assert producer.flush(PATIENCE) == 0

    def read(self, topic: str, count: int) -> list[Any]:
        consumer = Consumer(
            {
                "bootstrap.servers": self.address,
                "group.id": f"test-{next(NUMBERS)}",
                "auto.offset.reset": "earliest",
                **self.config,
            }
        )
        consumer.subscribe([topic])
        found: list[Any] = []
        try:
            while len(found) < count:
                found += [message for message in consumer.consume(count, PATIENCE) if not message.error()]
        finally:
            consumer.close()
        return found

    def line(self, topic: str, to: Path | str, *more: str, group: str = "g") -> list[str]:
        words = ["--bootstrap", self.address, "--topic", topic, "--group", group, "--to", str(to)]
        idle = () if "--until-idle" in more else ("--until-idle", "1s")
        return [sys.executable, "-c", COMMAND, "pull", "kafka", *words, *idle, *more]

    def pull(
        self,
        topic: str,
        to: Path | str,
        *more: str,
        group: str = "g",
        env: Mapping[str, str | None] | None = None,
    ) -> Done:
        """In this process, which has imported already what a command imports; as whoever types it."""
        words = self.line(topic, to, *more, group=group)[3:]
        done = CliRunner().invoke(app, words, env=dict(env or {}), prog_name="stepcast")
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Done(done.exit_code, done.stdout, done.stderr)


def reading(number: int, item: str = "a") -> dict[str, Any]:
    """An hour after the other since 2026, with its number as its value."""
    return {"item_id": item, "timestamp": 1_767_225_600 + 3600 * number, "target_value": number}


def rows(folder: Path) -> list[dict[str, Any]]:
    """All rows of all part files, in order of the files."""
    found: list[dict[str, Any]] = []
    for path in sorted(folder.glob("*.parquet")):
        found += pyarrow.parquet.ParquetFile(path, pre_buffer=False).read(use_threads=False).to_pylist()
    return found


def values(folder: Path) -> list[float]:
    return [row["target_value"] for row in rows(folder)]


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with running(kafka.SERVICE, tmp_path_factory.mktemp("kafka")) as server:
        yield Broker(server)
