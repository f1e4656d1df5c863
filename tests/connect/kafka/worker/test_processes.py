"""Worker processes and their command: orders on stdin, reports on stdout, nothing else on either."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from threading import enumerate as enumerate_threads
from typing import Any

import pytest

pytest.importorskip("confluent_kafka", reason="the extra kafka is not installed")

from confluent_kafka import KafkaError, KafkaException

from stepcast.cli import streaming
from stepcast.connect.errors import ConnectorError
from stepcast.connect.kafka.errors import NoAnswer
from stepcast.connect.kafka.settings import Settings
from stepcast.connect.kafka.worker import fleet, loop, published, successor, transaction
from stepcast.connect.kafka.worker.order import Order, Source
from stepcast.connect.kafka.worker.owned import Owned
from stepcast.connect.kafka.worker.plan import Plan
from stepcast.connect.kafka.worker.report import WorkerReport
from stepcast.connect.kafka.worker.retraining import Policy

PATIENCE = 300  # seconds; a watchdog, not a measure
NOWHERE = Settings("127.0.0.1:1")


def test_what_a_model_prints_is_no_report(tmp_path: Path) -> None:
    """The command parses the worker's stdout, and must not fail on it."""
    (tmp_path / "talking.py").write_text("import os\nprint('hello')\nos.write(1, b'hello')\n")
    order = Order(NOWHERE, "a", "b", "g", "m-0", Source(model="talking:Missing"), Plan())

    done = subprocess.run(
        [sys.executable, "-m", "stepcast.connect.kafka.worker"],
        input=order.to_json() + "\n",
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {"refused": "--model talking:Missing: talking has no Missing"}
    ]
    assert done.stderr.count("hello") == 2


changes: list[Thread] = []


@dataclass(frozen=True)
class Interrupted(Order):
    """An order during whose writing another thread changes the predictor."""

    def to_json(self) -> str:
        if changes:
            change = changes.pop()
            change.start()
            change.join(0.5)  # time to write first, which it must not
        return super().to_json()


def test_a_predictor_that_is_changed_while_a_worker_starts_comes_after_its_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[subprocess.Popen[str]] = []
    popen = subprocess.Popen

    def echoing(_: list[str], **more: Any) -> "subprocess.Popen[str]":
        started.append(
            popen([sys.executable, "-c", "import sys; sys.stderr.write(sys.stdin.read())"], stderr=-1, **more)
        )
        return started[0]

    monkeypatch.setattr(fleet.subprocess, "Popen", echoing)
    workers = fleet.Fleet(
        [Interrupted(NOWHERE, "a", "b", "g", "m-0", Source(folder="old"), Plan())], lambda *_: None
    )
    change = Thread(target=workers.change, args=(Source(folder="new"),))
    changes.append(change)
    (child,) = workers._children

    child.start()
    change.join(PATIENCE)
    assert started[0].stdin is not None
    assert started[0].stderr is not None
    started[0].stdin.close()
    child.close()
    first, second = map(json.loads, started[0].stderr.read().splitlines())
    started[0].stderr.close()
    started[0].wait(PATIENCE)

    assert first["source"] == {"folder": "old", "model": None}
    assert second == {"predictor": "new"}
    assert child.order.source == Source(folder="new")


def test_workers_that_die_before_they_can_work_are_not_restarted_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[subprocess.Popen[str]] = []
    popen = subprocess.Popen

    def dying(_: list[str], **more: Any) -> "subprocess.Popen[str]":
        started.append(popen([sys.executable, "-S", "-c", "import sys; sys.exit(7)"], **more))
        return started[-1]

    monkeypatch.setattr(fleet.subprocess, "Popen", dying)
    monkeypatch.setattr(fleet, "LONGEST_PAUSE", 0.01)
    workers = fleet.Fleet([Order(NOWHERE, "a", "b", "g", "m-0", Source(), Plan())], lambda *_: None)

    with pytest.raises(ConnectorError, match="m-0 ended 5 times before it could read a message, with code 7"):
        workers.run(Event())

    assert len(started) == 5


def test_partitions_that_are_revoked_while_the_broker_is_away_do_not_end_the_worker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The end of their state is not known then, so it is read again if they return."""
    monkeypatch.setattr(loop, "ENDS_WITHIN", 0.2)
    order = Order(NOWHERE, "a", "b", "g", "m-0", Source(), Plan())
    none: Any = None
    worker = loop.Worker(order, none, none, Event(), lambda _: None)
    worker._owned = {0: Owned(none, 5, 5, 0.0)}

    worker._revoked(none, [])

    assert worker._owned == {}
    assert worker._given_up[0].end is None


def test_the_command_waits_for_a_download_before_its_folder_is_removed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    begun = Event()

    def download(*_: object) -> None:
        begun.set()
        time.sleep(0.3)  # whoever did not wait for it would look into the folder meanwhile
        (tmp_path / "shards").mkdir()

    monkeypatch.setattr(streaming, "LOOKS_EVERY", 0)
    monkeypatch.setattr(published, "newest", download)
    monkeypatch.setattr(fleet.Fleet, "run", lambda *_: begun.wait(PATIENCE))
    order = Order(NOWHERE, "a", "b", "g", "m-0", Source(), Plan())
    predictors = streaming.Predictors(None, "b", "latest", Policy())

    streaming.run_stream([order], predictors, tmp_path / "P", None)

    assert (tmp_path / "shards").exists()
    assert not any(thread.name == "predictors" for thread in enumerate_threads())


def test_a_newer_predictor_is_taken_over_once_the_registry_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(successor, "AGAIN_IN", 0.01)
    away = [NoAnswer("the schema registry does not answer")] * 2

    class Work:
        def prepare(self, _: object) -> None:
            if away:
                raise away.pop()

    work: Any = Work()
    newer = successor.Successor(lambda _: work, list)

    newer.ask("newer")
    deadline = time.monotonic() + PATIENCE
    while (taken := newer.take()) is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)  # between two looks

    assert taken is work


def test_a_broker_that_is_away_while_a_worker_restarts_does_not_end_a_fleet_that_has_worked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One of two works; the other died before its first report, and finds no broker when it restarts."""
    report = WorkerReport("p", 0, 0, 0.0, [])
    working = (
        f"import json, sys; print(json.dumps({{'report': {report.to_dict()}}}), flush=True); input(); input()"
    )
    ends, started, stop = f"import sys; sys.exit({fleet.UNREACHED})", list[str](), Event()
    popen = subprocess.Popen

    def process(_: list[str], **more: Any) -> "subprocess.Popen[str]":
        started.append(working if not started else ends)
        if len(started) > 4:
            stop.set()
        return popen([sys.executable, "-S", "-c", started[-1]], **more)

    monkeypatch.setattr(fleet.subprocess, "Popen", process)
    monkeypatch.setattr(fleet, "LONGEST_PAUSE", 0.01)
    orders = [Order(NOWHERE, "a", "b", "g", f"m-{n}", Source(), Plan()) for n in (0, 1)]

    def hear(_: str, report: WorkerReport | None) -> None:
        heard.append(report)

    heard: list[WorkerReport | None] = []
    workers = fleet.Fleet(orders, hear)
    workers._children[0].start()
    deadline = time.monotonic() + PATIENCE
    while not heard:
        assert time.monotonic() < deadline
        time.sleep(0.01)  # between two looks

    workers.run(stop)

    assert started == [working, *[ends] * 4]


@pytest.mark.parametrize(("patience", "stops"), [(0.2, False), (PATIENCE, True)])
def test_a_transaction_that_is_never_completed_ends_the_worker(
    monkeypatch: pytest.MonkeyPatch, patience: float, stops: bool
) -> None:
    """Its transaction is aborted by the brokers meanwhile; the worker would keep its partitions for ever."""
    monkeypatch.setattr(transaction, "STOPS_WITHIN", 0.2)
    stop = Event()

    class Silent:
        def init_transactions(self, _: float) -> None:
            if stops:
                stop.set()
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT, "no answer", False, True, False))

    silent: Any = Silent()

    with pytest.raises(NoAnswer, match="no answer"):
        transaction.Transactions(silent, patience, stop)


def test_a_call_of_the_client_that_never_returns_ends_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """librdkafka does not keep its timeout if the coordinator is killed at the wrong moment."""
    ended, codes = Event(), set[int]()

    class Hanging:
        def init_transactions(self, _: float) -> None:
            assert ended.wait(PATIENCE)

    def end(code: int) -> None:
        codes.add(code)
        ended.set()

    monkeypatch.setattr(transaction, "LOOKS_EVERY", 0.05)
    monkeypatch.setattr(transaction, "STEP", 0.1)
    monkeypatch.setattr(transaction.os, "_exit", end)
    hanging: Any = Hanging()

    transaction.Transactions(hanging, 0.1, Event())

    assert codes == {transaction.HANGS}
