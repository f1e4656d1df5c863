"""When a new predictor is asked for, what the state machine makes of it, and how the stream takes it over."""

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

pytest.importorskip("confluent_kafka", reason="the extra kafka is not installed")

from stepcast.connect.kafka.worker.counts import Counts
from stepcast.connect.kafka.worker.published import newest
from stepcast.connect.kafka.worker.report import PartitionReport
from stepcast.connect.kafka.worker.retraining import Policy, Retraining, reason_to_retrain
from stepcast.pipeline.steps.start_execution import Started
from tests.connect.kafka.worker.conftest import Broker
from tests.connect.kafka.worker.test_stream import PATIENCE, until
from tests.e2e.conftest import Stack, daily_sales, deploy
from tests.pipeline.given import params_bytes
from tests.stream_chaos.stream import produce

DAY = 86_400.0
# As a user runs it, but looking for a newer predictor more often.
COMMAND = "from stepcast.cli import main, streaming; streaming.LOOKS_EVERY = 0.2; main()"
ITEMS = tuple("abcdefgh")
END = np.datetime64("2026-03-11")  # of the 70 days of daily_sales


def partition(items: int, drifting: int) -> PartitionReport:
    return PartitionReport(0, 0, 0, items, drifting, Counts())


@pytest.mark.parametrize(
    ("policy", "parts", "age", "reason"),
    [
        (Policy(drift=0.2), [(50, 9), (50, 11)], 0.0, "20 of 100 items drift"),
        (Policy(drift=0.2), [(50, 9), (50, 10)], 0.0, None),
        (Policy(drift=0.2), [(5, 5)], 0.0, None),  # of few items, a share says little
        (Policy(drift=0.2), [(6, 6)], 0.0, "6 of 6 items drift"),
        (Policy(age=7 * DAY), [], 7 * DAY, "the predictor is 7.0 days old"),
        (Policy(age=7 * DAY), [], 6 * DAY, None),
        (Policy(age=7 * DAY), [], None, None),
        (Policy(), [(100, 100)], 1e9, None),
    ],
)
def test_drift_and_age_are_reasons_where_the_policy_says_so(policy, parts, age, reason) -> None:
    assert reason_to_retrain(policy, [partition(*part) for part in parts], age) == reason


@dataclass
class Trained:
    """A stack whose uploads wait for a day.

    ``nothing`` is what came of a request before the first one, ``was_due`` whether another was due then.
    """

    stack: Stack
    nothing: Started
    was_due: bool

    @property
    def latest(self) -> str | None:
        return newest(self.stack.s3, self.stack.bucket)


@pytest.fixture(scope="module")
def trained() -> Iterator[Trained]:
    aws, stack = deploy(SettleSeconds="86400")
    try:
        states, machine = stack.client("stepfunctions"), stack.outputs["StateMachineArn"]
        retraining = Retraining(stack.s3, states, machine, stack.bucket)
        nothing, was_due = retraining.ask(), retraining.is_due
        assert stack.executions() == []
        stack.put("params.json", params_bytes(Predictor__ForecastHorizon=3))
        stack.put("train/sales.csv", daily_sales(ITEMS))
        stack.eventually(lambda: stack.executions() or None)  # the upload's own, which waits
        assert retraining.ask().outcome == "started"
        found = Trained(stack, nothing, was_due)
        stack.eventually(lambda: found.latest)
        yield found
    finally:
        aws.stop()


def test_the_state_machine_starts_nothing_where_there_is_nothing_to_train_on(trained: Trained) -> None:
    assert trained.nothing.outcome == "waiting"
    assert not trained.was_due  # for an hour


class Following:
    """``stepcast stream`` of the bucket's latest predictor; ``events`` are what it has logged."""

    def __init__(self, broker: Broker, trained: Trained, topic: str, *options: str) -> None:
        self.broker, self.out, self.events = broker, f"{topic}-out", list[dict[str, Any]]()
        aws = trained.stack.aws
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-c", COMMAND, "stream", "--bootstrap", broker.address),
                *("--group", f"{topic}-g", "--from", topic, "--to", self.out),
                *("--bucket", trained.stack.bucket),
                *("--state-machine", trained.stack.outputs["StateMachineArn"], *options),
            ],
            env={
                **os.environ,
                "AWS_ENDPOINT_URL": aws.endpoint,
                "AWS_ACCESS_KEY_ID": "local",
                "AWS_SECRET_ACCESS_KEY": "local",
                "AWS_DEFAULT_REGION": aws.region,
            },
            stderr=subprocess.PIPE,
            text=True,
        )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        for line in self.process.stderr or ():
            self.events.append(json.loads(line) if line.startswith("{") else {"event": line})

    def has(self, event: str) -> dict[str, Any] | None:
        assert self.process.poll() is None, self.events
        return next((one for one in self.events if one["event"] == event), None)

    def forecasts(self) -> list[dict[str, Any]]:
        return self.broker.forecasts(self.out) if self.has("started") else []

    def stop(self) -> int:
        self.process.terminate()
        code = self.process.wait(PATIENCE)
        self._listener.join(PATIENCE)
        if self.process.stderr is not None:
            self.process.stderr.close()
        return code


def days(first: int, last: int, value: float) -> list[tuple[str, bytes]]:
    """An observation of each item on each day after the end of the first training."""
    return [
        (item, json.dumps({"item_id": item, "timestamp": str(END + day), "target_value": value}).encode())
        for day in range(first, last + 1)
        for item in ITEMS
    ]


@pytest.mark.parametrize(
    ("option", "why", "first", "value", "uploaded"),
    [
        # Older than a second as soon as the stream begins; a new item's history is what it can be trained on.
        (("--retrain-age", "1s"), "days old", 21, 25.0, daily_sales(("new",))),
        # Ten times what the items had, for twelve days.
        (("--retrain-drift", "0.2"), "8 of 8 items drift", 1, 250.0, daily_sales(ITEMS[:1], 8, "2026-03-12")),
    ],
    ids=["age", "drift"],
)
def test_a_request_is_trained_and_taken_over_without_a_gap(
    broker: Broker, trained: Trained, option, why, first, value, uploaded
) -> None:
    """Each item has one forecast at each origin, first by one predictor, then by the next."""
    topic, before = broker.topic(), trained.latest
    produce(broker.address, topic, days(first, first + 11, value))
    trained.stack.put(f"train/{topic}.csv", uploaded)
    stream = Following(broker, trained, topic, *option)
    try:
        until(lambda: stream.has("takes_over") is not None, "the new predictor")
        asked = stream.has("retraining")
        produce(broker.address, topic, days(first + 12, first + 14, value))
        until(lambda: len(stream.forecasts()) >= 14 * len(ITEMS), "the forecasts after")
        found = stream.forecasts()
    finally:
        code = stream.stop()

    after = trained.latest
    assert code == 0
    assert asked is not None
    assert why in asked["why"]
    assert asked["outcome"] == "started"
    assert after != before
    origins = [str(END + day)[:10] for day in range(first, first + 14)]
    assert Counter((one["item_id"], one["origin"]) for one in found) == {
        (item, origin): 1 for item in ITEMS for origin in origins
    }
    for item in ITEMS:
        names = [one["predictor"] for one in found if one["item_id"] == item]
        changed = names.index(str(after))
        assert names == [before] * changed + [after] * (14 - changed)
        assert changed <= 12
