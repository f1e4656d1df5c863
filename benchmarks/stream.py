"""What ``stepcast stream`` takes for an observation, beside a loop that only copies, and beside quixstreams.

    python benchmarks/stream.py [--items 10000] [--events 12] [--periods 6] [--quix PYTHON]

Hourly series, ``--events`` observations of each item and hour, a forecast of 24 hours and three quantiles of
each item at the end of each. Everything runs on one broker (scripts/services bring kafka), which is counted
apart. Rates are observations by CPU second of the worker, with all its threads: what one core could do.
``--quix`` names a Python that has quixstreams: it sums the same observations by hour and item, exactly once,
and forecasts nothing.
"""

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from stepcast import engine
from stepcast.connect.kafka.settings import Settings
from stepcast.connect.kafka.worker.order import Order, Source
from stepcast.connect.kafka.worker.plan import Plan
from stepcast.connect.kafka.worker.published import SHARED
from stepcast.engine.frequency import Frequency
from stepcast.engine.panel import Panel
from stepcast.engine.sampling import Draw
from stepcast.pipeline import layout
from stepcast.pipeline.params import Params
from stepcast.pipeline.shards import Shard, write_shard
from stepcast.pipeline.task import task_of
from tests.services import kafka
from tests.services.server import started

FIRST = 486_480  # the hour after the panel's end
PARTITIONS = 2
LATENCIES = 200


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--events", type=int, default=12, help="of an item in an hour")
    parser.add_argument("--periods", type=int, default=6, help="hours")
    parser.add_argument("--quix", metavar="PYTHON")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, started(kafka.SERVICE, Path(folder) / "kafka") as server:
        bench(kafka.bootstrap(server), Path(folder), given.items, given.events, given.periods, given.quix)


def bench(bootstrap: str, folder: Path, items: int, events: int, periods: int, quix: str | None) -> None:
    names = [f"item-{number:05}" for number in range(items)]
    begun = time.process_time()
    predictor = make_predictor(folder / "predictor", names)
    print(
        f"{items:,} items, {events} observations of each an hour, {periods} hours; "
        f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"
    )
    print(f"predictor made in {time.process_time() - begun:.0f} CPU s")
    order = prepared(bootstrap, predictor, names, events)
    first = run(worker(order))
    print(f"first hour, all items examined: {first.cpu:.1f} CPU s, {1000 * first.cpu / items:.1f} ms an item")
    alone = run(worker(order))
    print(f"a restart, which restores the state: {alone.cpu:.1f} CPU s, {alone.memory} MiB")
    count = feed(bootstrap, names, FIRST + 2, periods, events)
    whole = run(worker(order))
    cpu, wall, forecasts = whole.cpu - alone.cpu, whole.wall - alone.wall, items * periods
    rate = count / cpu
    print(f"stepcast stream: {count:,} observations, {forecasts:,} forecasts")
    print(f"  {rate:,.0f} observations/s, {forecasts / cpu:,.0f} forecasts/s of CPU; {wall:.0f} s wall")
    print(f"  memory: {alone.memory} MiB after the restart, {whole.memory} MiB at most")
    total = count + items * (events + 1)
    copies = total / run([sys.executable, __file__, "copy", bootstrap]).cpu
    print(f"a loop that only copies: {copies:,.0f} messages/s of CPU; ratio {rate / copies:.2f}")
    if quix:
        script = str(Path(__file__).with_name("stream_quix.py"))
        sums = total / run([quix, script, bootstrap]).cpu
        print(f"quixstreams, which sums by hour: {sums:,.0f} observations/s of CPU; ratio {rate / sums:.2f}")
    latency(bootstrap, order)


def prepared(bootstrap: str, predictor: Path, names: list[str], events: int) -> Order:
    """What a worker is to do; in the topic is the first hour, at which it examines every item."""
    topic(bootstrap, "readings")
    feed(bootstrap, names, FIRST, 1, events)
    feed(bootstrap, names, FIRST + 1, 1, 1)
    return Order(
        settings=Settings(bootstrap),
        read="readings",
        write="forecasts",
        group="stream",
        member="0",
        source=Source(folder=str(predictor)),
        plan=Plan(doubled="replace", lateness=0),
        until_idle=2.0,
    )


class Run:
    """CPU seconds of a process with its threads, wall seconds, and its largest resident set in MiB."""

    def __init__(self, wall: float, usage: resource.struct_rusage) -> None:
        self.wall, self.cpu, self.memory = wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss >> 10


def run(process: "subprocess.Popen[str] | list[str]") -> Run:
    if isinstance(process, list):
        process = subprocess.Popen(process, text=True)
    begun = time.monotonic()
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, status
    return Run(time.monotonic() - begun, usage)


def worker(order: Order, stdout: int = subprocess.DEVNULL) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-m", "stepcast.connect.kafka.worker"],
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(order.to_json() + "\n")
    process.stdin.flush()
    return process


def make_predictor(place: Path, names: list[str]) -> Path:
    """As ``published.fetch`` leaves one: two weeks of hours for each item."""
    given = json.loads((ROOT / "params.json").read_text())
    given["Predictor"]["ForecastHorizon"] = 24
    given["Predictor"]["EvaluationParameters"] = {"NumberOfBacktestWindows": 1, "BackTestWindowOffset": 24}
    params = Params.model_validate(given)
    chance, hours = np.random.default_rng(0), np.arange(14 * 24)
    values = tuple(
        10 + 4 * np.sin(2 * np.pi * (hours + phase) / 24) + chance.normal(0, 1, len(hours))
        for phase in chance.uniform(0, 24, len(names))
    )
    known = tuple(np.ones(len(hours), bool) for _ in names)
    panel = Panel(tuple(names), values, known, FIRST - 1, Frequency.parse("H"))
    (place / "shards").mkdir(parents=True)
    (place / layout.PARAMS).write_text(params.model_dump_json(by_alias=True, exclude_defaults=True), "utf-8")
    write_shard(
        place / "shards" / "part-0.parquet", Shard(("item_id",), tuple((name,) for name in names), panel)
    )
    (place / SHARED).write_bytes(engine.fit_shared(Draw.of(panel), task_of(params)))
    return place


def topic(bootstrap: str, name: str, partitions: int = PARTITIONS) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.create_topics([NewTopic(name, partitions, 1)])[name].result()


def feed(bootstrap: str, names: list[str], first: int, periods: int, events: int) -> int:
    """Write observations; how many."""
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 20, "compression.type": "lz4"})
    chance, count = random.Random(first), 0
    for number in range(periods * events):
        moment = datetime.fromtimestamp((first * events + number) * 3600 // events, UTC)
        stamp = f"{moment:%Y-%m-%d %H:%M:%S}"
        for name in names:
            text = (
                f'{{"item_id": "{name}", "timestamp": "{stamp}", "target_value": {chance.gauss(10, 1):.3f}}}'
            )
            while True:
                try:
                    producer.produce("readings", text, name)
                    break
                except BufferError:
                    producer.poll(0.1)
            count += 1
    producer.flush()
    return count


def copy(bootstrap: str) -> None:
    """All of ``readings`` to ``copies``, without transactions: what the client by itself takes."""
    topic(bootstrap, "copies")
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 5, "compression.type": "lz4"})
    for messages in everything(bootstrap, "readings"):
        for message in messages:
            while True:
                try:
                    producer.produce("copies", message.value(), message.key())
                    break
                except BufferError:
                    producer.poll(0.1)
    producer.flush()


def everything(bootstrap: str, name: str) -> Iterator[list]:
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "copy",
            "enable.partition.eof": True,
            "enable.auto.commit": False,
        }
    )
    consumer.assign([TopicPartition(name, number, OFFSET_BEGINNING) for number in range(PARTITIONS)])
    ended: set[int] = set()
    while len(ended) < PARTITIONS:
        messages = consumer.consume(10_000, 0.2)
        ended |= {message.partition() for message in messages if message.error() is not None}
        yield [message for message in messages if message.error() is None]
    consumer.close()


def latency(bootstrap: str, order: Order) -> None:
    """From an observation that closes a period to its forecast, read by a consumer of what is committed."""
    topic(bootstrap, "one", 1)
    process = worker(replace(order, read="one", write="one-forecast", group="one", until_idle=None))
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 0})
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "latency",
            "isolation.level": "read_committed",
            "fetch.wait.max.ms": 10,
        }
    )
    topics = AdminClient({"bootstrap.servers": bootstrap})
    while "one-forecast" not in topics.list_topics(timeout=10).topics:
        time.sleep(0.1)  # the first worker makes the topic
    consumer.assign([TopicPartition("one-forecast", 0, OFFSET_BEGINNING)])
    took = []
    for number in range(LATENCIES + 20):
        moment = datetime.fromtimestamp((FIRST + number) * 3600, UTC)
        value = {
            "item_id": "item-00001",
            "timestamp": f"{moment:%Y-%m-%d %H:%M:%S}",
            "target_value": number % 24,
        }
        begun = time.monotonic()
        producer.produce("one", json.dumps(value), "item-00001")
        producer.flush()
        if number == 0:
            continue  # nothing to close yet
        while (message := consumer.poll(10)) is None or message.error() is not None:
            pass
        took.append(time.monotonic() - begun)
        time.sleep(0.05)  # idle between two observations
    process.terminate()
    process.wait()
    steady = sorted(took[20:])
    p99 = steady[int(0.99 * len(steady))]
    print(
        f"latency: median {1000 * statistics.median(steady):.0f} ms, p99 {1000 * p99:.0f} ms of {len(steady)}"
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["copy"]:
        copy(sys.argv[2])
    else:
        main()
