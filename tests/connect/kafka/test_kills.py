"""A pull, or the broker under it, is killed at any moment: the files have every message, and have it once."""

import random
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Producer

from tests.connect.kafka.conftest import PATIENCE, Broker, reading, values
from tests.services import kafka, running

KILLS, MESSAGES, PARTITIONS = 10, 50_000, 3
PART = MESSAGES // KILLS  # what is sent before each kill, so that there is always something to read
# A pull that comes after one that was killed waits until the group has missed that one.
MISSED = ("--config", "session.timeout.ms=2000", "--config", "heartbeat.interval.ms=500")


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Broker]:
    """A broker that may be killed."""
    with running(kafka.SERVICE, tmp_path / "kafka") as server:
        yield Broker(server)


def sent(broker: Broker, topic: str, numbers: range) -> None:
    """In transactions of a thousand, so that offsets have gaps."""
    producer = Producer({"bootstrap.servers": broker.address, "transactional.id": f"{topic}-{numbers}"})
    producer.init_transactions(PATIENCE)
    for begin in range(numbers.start, numbers.stop, 1000):
        producer.begin_transaction()
        for number in range(begin, min(begin + 1000, numbers.stop)):
            document = f'{{"item_id": "a", "timestamp": {1_500_000_000 + number}, "target_value": {number}}}'
            producer.produce(topic, document, partition=number % PARTITIONS)
            producer.poll(0)
        producer.commit_transaction(PATIENCE)


@pytest.mark.slow
def test_ten_kills_of_the_pull(broker: Broker, tmp_path: Path) -> None:
    """While the topic grows, so that batches would have other ends each time."""
    topic, chance = broker.topic(PARTITIONS), random.Random(10)  # noqa: S311 - repeatable chance
    for kill in range(KILLS):
        before = len(list(tmp_path.iterdir()))
        part = range(kill * PART, (kill + 1) * PART)
        growing = threading.Thread(target=sent, args=(broker, topic, part))
        growing.start()
        command = broker.line(topic, tmp_path, "--part-rows", "400", "--until-idle", "-1", *MISSED)
        process = subprocess.Popen(command)
        deadline = time.monotonic() + PATIENCE
        while len(list(tmp_path.iterdir())) < before + (kill > 0) and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.5))
        process.send_signal(signal.SIGKILL)
        process.wait()
        growing.join()
    put = sorted(values(tmp_path))

    rest = broker.pull(topic, tmp_path, "--json", *MISSED).json

    assert 0 < len(put) < MESSAGES
    assert sorted(values(tmp_path)) == list(range(MESSAGES))
    assert [one["lag"] for one in rest["lag"]] == [0] * PARTITIONS


@pytest.mark.slow
def test_a_broker_that_is_killed_and_started_again(own: Broker, tmp_path: Path) -> None:
    folder, topic = tmp_path / "out", own.topic(PARTITIONS)
    own.send(topic, [reading(number) for number in range(3000)], partition=0)
    command = own.line(topic, folder, "--part-rows", "100", "--until-idle", "10s", "--json", *MISSED)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + PATIENCE
    while not list(folder.glob("*.parquet")) and time.monotonic() < deadline:
        time.sleep(0.01)

    own.server.kill()
    with running(kafka.SERVICE, own.server.folder, port=own.server.port) as again:
        Broker(again).send(topic, [reading(number) for number in range(3000, 3500)], partition=1)
        out, _ = process.communicate(timeout=PATIENCE)

    assert process.returncode == 0, out
    assert sorted(values(folder)) == list(range(3500))


@pytest.mark.slow
def test_two_pulls_of_a_group_share_its_partitions(broker: Broker, tmp_path: Path) -> None:
    topic = broker.topic(PARTITIONS)
    command = broker.line(topic, tmp_path, "--part-rows", "500", "--until-idle", "10s", *MISSED)
    both = [subprocess.Popen(command) for _ in range(2)]
    sent(broker, topic, range(MESSAGES // 5))
    third = subprocess.Popen(command)  # while the others read

    assert [process.wait(PATIENCE) for process in (*both, third)] == [0, 0, 0]
    assert sorted(values(tmp_path)) == list(range(MESSAGES // 5))
