"""``stepcast stream`` on a real broker, as a user runs it."""

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

pytest.importorskip("confluent_kafka", reason="the extra kafka is not installed")

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from typer.testing import CliRunner

from stepcast.cli.app import app
from stepcast.connect.kafka import client
from stepcast.connect.kafka.settings import Settings
from stepcast.connect.kafka.worker.fleet import Fleet
from stepcast.connect.kafka.worker.order import Order, Source
from stepcast.connect.kafka.worker.plan import Plan
from tests.connect.kafka.worker.conftest import Broker, predictor_in
from tests.services import kafka
from tests.stream_chaos.run import run
from tests.stream_chaos.stream import produce, read_all

ROOT = Path(__file__).parents[4]
STEPCAST = str(Path(sys.executable).with_name("stepcast"))
PATIENCE = 300  # seconds; a watchdog, not a measure
SMOOTHING = ("--model", "tests.connect.kafka.worker.smoothing:Smoothing", "--ahead", "-1")
DAY = 86_400_000


def hours(count: int, items: str = "ab", first: int = 0) -> list[tuple[str, bytes]]:
    """An observation of each item at the beginning of each hour."""
    made = []
    for hour in range(first, first + count):
        for item in items:
            stamp = f"2024-01-{1 + hour // 24:02} {hour % 24:02}:00:00"
            made.append(
                (item, json.dumps({"item_id": item, "timestamp": stamp, "target_value": hour}).encode())
            )
    return made


def stream(broker: Broker, *options: str) -> "subprocess.CompletedProcess[str]":
    """Run to its end."""
    command = [STEPCAST, "stream", "--bootstrap", broker.address, *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)


def lag(broker: Broker, group: str) -> dict[int, int]:
    """By partition, as --json has it."""
    done = stream(broker, "--group", group, "--lag", "--json")
    assert done.returncode == 0, done.stderr
    return {one["partition"]: one["lag"] for one in json.loads(done.stdout)}


@contextmanager
def running_stream(broker: Broker, *options: str) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [STEPCAST, "stream", "--bootstrap", broker.address, *options],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def until(done: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)  # between two looks


def test_a_stream_that_is_killed_leaves_what_an_undisturbed_one_leaves(tmp_path: Path) -> None:
    """kill -9 of workers and of the broker, and a third worker that comes and goes, at random moments."""
    if kafka.SERVICE.find() is None:
        pytest.skip("kafka is not here: scripts/services bring kafka")

    report = run(tmp_path, 5_000, 50, 20240101, kills=2, broker_kills=1, rebalances=2)

    assert report.faults == []
    assert report.forecasts > 500


def test_a_group_reads_once_and_another_reads_everything_again(broker: Broker) -> None:
    topic = broker.topic(2)
    produce(broker.address, topic, hours(5))
    options = ("--from", topic, "--to", f"{topic}-out", *SMOOTHING, "--until-idle", "2s")

    for group in ("once", "once", "again"):
        done = stream(broker, "--group", f"{topic}-{group}", *options)
        assert done.returncode == 0, done.stderr

    assert lag(broker, f"{topic}-once") == {0: 0, 1: 0}
    found = Counter((one["item_id"], one["origin"]) for one in broker.forecasts(f"{topic}-out"))
    assert found == {(item, f"2024-01-01 {hour:02}:00:00"): 2 for item in "ab" for hour in range(4)}


def test_lag_is_what_was_not_read_yet(broker: Broker) -> None:
    topic = broker.topic()
    produce(broker.address, topic, hours(2, "a"))
    options = ("--group", f"{topic}-g", "--from", topic, "--to", f"{topic}-out", *SMOOTHING)
    stream(broker, *options, "--until-idle", "1s")
    produce(broker.address, topic, hours(3, "a", first=2))

    table = stream(broker, "--group", f"{topic}-g", "--lag").stdout

    assert lag(broker, f"{topic}-g") == {0: 3}
    assert table.split() == [
        f"{topic},",
        "group",
        f"{topic}-g",
        *("partition", "committed", "end", "lag", "0", "2", "5", "3", "lag", "3"),
    ]


def test_periods_that_are_open_are_closed_after_a_while_if_asked_for(broker: Broker) -> None:
    topic = broker.topic()
    produce(broker.address, topic, hours(2, "a"))

    stream(
        broker, "--group", f"{topic}-g", "--from", topic, "--to", f"{topic}-out", *SMOOTHING,
        "--idle-timeout", "1s", "--until-idle", "3s",
    )  # fmt: skip

    assert [one["origin"][11:] for one in broker.forecasts(f"{topic}-out")] == ["00:00:00", "01:00:00"]


def test_a_group_that_somebody_has_moved_is_refused(broker: Broker) -> None:
    topic = broker.topic()
    produce(broker.address, topic, hours(3, "a"))
    options = ("--group", f"{topic}-g", "--from", topic, "--to", f"{topic}-out", *SMOOTHING)
    stream(broker, *options, "--until-idle", "1s", "--session-timeout", "2s")
    mover = Consumer({"bootstrap.servers": broker.address, "group.id": f"{topic}-g"})

    def is_moved() -> bool:
        try:
            mover.commit(offsets=[TopicPartition(topic, 0, 1)], asynchronous=False)
        except KafkaException:
            return False
        return True

    until(is_moved, "the place of the worker, which is kept until its session ends")
    mover.close()

    done = stream(broker, *options, "--until-idle", "1s")

    assert done.returncode == 1
    assert f"the group {topic}-g is at offset 1 of {topic} [0], and its state at 3" in done.stderr


def test_a_group_of_somebody_else_is_refused(broker: Broker) -> None:
    """It has an offset, and no state: forecasts from the beginning would be doubled, from there on wrong."""
    topic = broker.topic()
    produce(broker.address, topic, hours(3, "a"))
    other = Consumer({"bootstrap.servers": broker.address, "group.id": f"{topic}-g"})
    other.commit(offsets=[TopicPartition(topic, 0, 2)], asynchronous=False)
    other.close()

    done = stream(broker, "--group", f"{topic}-g", "--from", topic, "--to", f"{topic}-out", *SMOOTHING)

    assert done.returncode == 1
    assert f"the group {topic}-g is at offset 2 of {topic} [0], and has no state" in done.stderr


def test_messages_that_were_deleted_unread_are_not_passed_over_in_silence(broker: Broker) -> None:
    topic = broker.topic()
    produce(broker.address, topic, hours(2, "a"))
    options = ("--group", f"{topic}-g", "--from", topic, "--to", f"{topic}-out", *SMOOTHING)
    options += ("--until-idle", "1s")
    stream(broker, *options)
    produce(broker.address, topic, hours(6, "a", first=2))
    admin = AdminClient({"bootstrap.servers": broker.address})
    for deleted in admin.delete_records([TopicPartition(topic, 0, 5)]).values():
        deleted.result()

    lost = stream(broker, *options)
    skipped = stream(broker, *options, "--skip-lost")

    assert lost.returncode == 1
    assert "--skip-lost continues after them" in lost.stderr
    assert skipped.returncode == 0, skipped.stderr
    assert [one["origin"][11:13] for one in broker.forecasts(f"{topic}-out")] == ["00", "04", "05", "06"]


def test_messages_that_cannot_be_read_are_put_aside_once(broker: Broker) -> None:
    topic, letters = broker.topic(), broker.topic()
    produce(broker.address, topic, [*hours(1, "a"), ("a", b"no JSON"), *hours(1, "a", first=1)])

    done = stream(
        broker, "--group", f"{topic}-g", "--from", topic, "--to", f"{topic}-out", *SMOOTHING,
        "--dead-letters", letters, "--until-idle", "1s",
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert read_all(broker.address, letters) == [[(b"a", b"no JSON")]]


def test_two_commands_of_one_name_do_not_take_the_work_from_each_other_for_ever(broker: Broker) -> None:
    topic = broker.topic()
    produce(broker.address, topic, hours(2))
    options = (
        "--group",
        f"{topic}-g",
        "--from",
        topic,
        "--to",
        f"{topic}-out",
        *SMOOTHING,
        "--instance",
        "x",
    )

    with running_stream(broker, *options) as first, running_stream(broker, *options) as second:
        both, errors = (first, second), ["", ""]

        def read(number: int) -> None:
            errors[number] = str(both[number].stderr.read())  # type: ignore[union-attr]

        readers = [Thread(target=read, args=(number,)) for number in (0, 1)]
        for reader in readers:
            reader.start()
        for hour in range(10_000):
            if any(process.poll() is not None for process in both):
                break
            produce(broker.address, topic, hours(1, first=2 + hour % 700))
            time.sleep(0.2)  # a worker that has nothing to do does not see that its name is taken
        ended = [process.poll() for process in both]
        for process in both:
            process.terminate()
        for reader in readers:
            reader.join(PATIENCE)

    assert ended.count(1) == 1
    assert "give each `stepcast stream` a different --instance" in errors[ended.index(1)]


def test_what_is_missing_is_said(broker: Broker) -> None:
    topic = broker.topic()

    absent = stream(broker, "--group", "g", "--from", "nowhere", "--to", "x", *SMOOTHING)
    model = stream(broker, "--group", "g", "--from", topic, "--to", "x", "--model", "nomodule:X")
    half = stream(
        broker, "--group", "g", "--from", topic, "--to", "x",
        "--model", "tests.connect.kafka.worker.models:Halved",
    )  # fmt: skip

    made = stream(
        broker, "--group", "g", "--from", topic, "--to", "x",
        "--model", "tests.connect.kafka.worker.models:made",
    )  # fmt: skip

    assert "there is no topic nowhere" in absent.stderr
    assert "--model nomodule:X: there is no module nomodule here" in model.stderr
    assert "has no learn_one" in half.stderr
    assert "models:made is not callable: name a class" in made.stderr
    assert {absent.returncode, model.returncode, half.returncode, made.returncode} == {1}


def test_a_state_that_the_broker_would_delete_is_refused(broker: Broker) -> None:
    topic = broker.topic()
    kafka.create_topics(broker.server, {f"{topic}-g-state": 1})

    done = stream(broker, "--group", f"{topic}-g", "--from", topic, "--to", f"{topic}-out", *SMOOTHING)

    assert done.returncode == 1
    assert f"topic {topic}-g-state has cleanup.policy=delete" in done.stderr


def test_a_timeout_beyond_the_brokers_limit_is_said_with_the_limit(broker: Broker) -> None:
    """In each case, the worker would be refused again after every restart."""
    topic = broker.topic()
    options = ("--group", f"{topic}-g", "--from", topic, "--to", f"{topic}-out", *SMOOTHING)

    session = stream(broker, *options, "--session-timeout", "15min")
    transaction = stream(broker, *options, "--transaction-timeout", "1h")

    assert session.returncode == transaction.returncode == 1
    assert f"{broker.address} does not accept --session-timeout 900s" in session.stderr
    assert "group.max.session.timeout.ms (600 s)" in session.stderr
    assert f"{broker.address} does not accept --transaction-timeout 3600s" in transaction.stderr
    assert "transaction.max.timeout.ms (900 s)" in transaction.stderr


def test_no_broker_is_said_at_once() -> None:
    command = [STEPCAST, "stream", "--bootstrap", "127.0.0.1:1", "--group", "g", "--from", "a", "--to", "b"]
    done = subprocess.run(
        [*command, *SMOOTHING], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False
    )

    assert done.returncode == 1
    assert "no broker answers at 127.0.0.1:1" in done.stderr


def test_lag_without_a_broker_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PATIENCE", 1)

    done = CliRunner().invoke(app, ["stream", "--bootstrap", "127.0.0.1:1", "--group", "g", "--lag"])

    assert done.exit_code == 1
    assert "no broker answers at 127.0.0.1:1" in done.stderr
    assert "Connection refused" in done.stderr


def test_metrics_are_served_to_who_asks_for_this_machine(broker: Broker) -> None:
    topic = broker.topic()
    produce(broker.address, topic, [*hours(3, "a"), ("a", b"no JSON"), *hours(1, "a")])
    options = ("--group", f"{topic}-g", "--from", topic, "--to", f"{topic}-out", *SMOOTHING)

    with running_stream(broker, *options, "--metrics-port", "0") as process:
        assert process.stderr is not None
        url = process.stderr.readline().split()[-1]

        def page() -> str:
            return str(urllib.request.urlopen(url, timeout=60).read().decode())  # noqa: S310 - loopback

        def has(line: str) -> bool:
            return f"stepcast_stream_{line}\n" in page()

        labels = f'group="{topic}-g",partition="0"'
        until(lambda: has(f"observations_total{{{labels}}} 3"), "three observations")
        text = page()
        foreign = urllib.request.Request(url, headers={"Host": "forecasts.example"})  # noqa: S310 - loopback
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(foreign, timeout=60)  # noqa: S310 - loopback
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0

    assert f'stepcast_stream_dropped_total{{{labels},reason="unreadable"}} 1\n' in text
    assert f'stepcast_stream_dropped_total{{{labels},reason="late"}} 1\n' in text
    assert f"stepcast_stream_forecasts_total{{{labels}}} 2\n" in text
    assert f"stepcast_stream_lag{{{labels}}} 0\n" in text
    assert f'stepcast_stream_transaction_seconds_bucket{{group="{topic}-g",le="+Inf"}}' in text


@pytest.mark.parametrize("model", ["Keeping", "Forgetful"])
def test_a_model_of_the_users_own_predicts_each_message_and_then_learns_it(broker: Broker, model) -> None:
    """Across a restart as well, whether it can write down what it knows or has to learn it again."""
    topic = broker.topic()
    options = (
        "--group", f"{topic}-g", "--from", topic, "--to", f"{topic}-out", "--until-idle", "1s",
        "--model", f"tests.connect.kafka.worker.models:{model}", "--label", "key",
    )  # fmt: skip
    for label in ("1", "0", "1"):
        produce(broker.address, topic, [(label, b'{"a": 1.5}'), (label, b"[]]")])
        done = stream(broker, *options)
        assert done.returncode == 0, done.stderr

    predictions = [one["prediction"] for one in broker.forecasts(f"{topic}-out")]
    assert predictions == [{}, {"1": 1}, {"0": 1, "1": 1}]


@pytest.mark.long
def test_a_newer_predictor_takes_over_without_a_gap(broker: Broker, tmp_path: Path) -> None:
    end = 19_800
    before = predictor_in(tmp_path / "before", ("a", "b"), 70, end)
    after = predictor_in(tmp_path / "after", ("a", "b"), 73, end + 3)
    topic, stop = broker.topic(2), Event()

    def days(first: int, last: int) -> None:
        made = [
            (item, json.dumps({"item_id": item, "timestamp": (end + day) * DAY, "target_value": 10}).encode())
            for day in range(first, last + 1)
            for item in "ab"
        ]
        produce(broker.address, topic, made)

    order = Order(
        settings=Settings(broker.address),
        read=topic,
        write=f"{topic}-out",
        group=f"{topic}-g",
        member="0",
        source=Source(folder=str(before)),
        plan=Plan(),
    )
    told: list[str] = []
    fleet = Fleet([order], lambda _, report: told.append(report.predictor) if report else None)
    working = Thread(target=fleet.run, args=(stop,))
    working.start()
    try:
        days(1, 5)
        until(lambda: bool(read_if_there(broker, f"{topic}-out", 8)), "the forecasts before")
        fleet.change(Source(folder=str(after)))
        until(lambda: told[-1:] == ["after"], "the newer predictor")
        days(6, 8)
        until(lambda: bool(read_if_there(broker, f"{topic}-out", 14)), "the forecasts after")
    finally:
        stop.set()
        working.join(PATIENCE)

    found = sorted(
        (one["item_id"], one["origin"], one["predictor"]) for one in broker.forecasts(f"{topic}-out")
    )
    names = ["before"] * 4 + ["after"] * 3
    wanted = [f"2024-03-{19 + day:02}" for day in range(7)]
    assert found == [(item, *both) for item in "ab" for both in zip(wanted, names, strict=True)]


def read_if_there(broker: Broker, topic: str, count: int) -> bool:
    """Whether ``topic`` has so many messages."""
    try:
        return sum(map(len, read_all(broker.address, topic))) >= count
    except KeyError:
        return False
