"""A worker of an activity on the real local runtime; what it works with is a function here, not Spark."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.services import spark as service

if TYPE_CHECKING:
    from localaws import LocalAws

PATIENCE = 120  # seconds; a watchdog, not a measure
INPUT = {"bucket": "b", "run": "r", "vintage": "2026-01-02T03-04-05Z-1f8a90c2"}


def ended(localaws: "LocalAws", work: Callable[[Any], None]) -> tuple[dict[str, Any], Any]:
    """An execution of one task that a worker took, and the worker's runs."""
    from stepcast.connect.spark.worker import serve

    states = localaws.client("stepfunctions")
    activity = states.create_activity(name=f"spark-{work.__name__}")["activityArn"]
    task = {"Type": "Task", "Resource": activity, "HeartbeatSeconds": PATIENCE, "End": True}
    machine = states.create_state_machine(
        name=f"machine-{work.__name__}",
        definition=json.dumps({"StartAt": "Shards", "States": {"Shards": task}}),
        roleArn="arn:aws:iam::123456789012:role/any",
    )["stateMachineArn"]
    given: list[Any] = []
    stop = threading.Event()

    def once(run: Any) -> None:
        given.append(run)
        stop.set()
        work(run)

    execution = states.start_execution(stateMachineArn=machine, input=json.dumps(INPUT))["executionArn"]
    serve(states, activity, once, stop)
    latest = time.monotonic() + PATIENCE
    while (found := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
        assert time.monotonic() < latest
        time.sleep(0.05)  # between two looks
    return found, given


@pytest.fixture(scope="module")
def localaws() -> Iterator["LocalAws"]:
    """For this module alone: that of the plugin would go on for the tests of other servers."""
    from localaws import LocalAws

    with LocalAws() as aws:
        yield aws


@pytest.fixture(autouse=True)
def packages(monkeypatch: pytest.MonkeyPatch) -> None:
    if not (folder := service.packages()):
        pytest.skip("Spark is not here, or Java is not: scripts/services bring spark")
    monkeypatch.syspath_prepend(folder)


def test_a_task_is_a_run_and_ends_with_it(localaws: "LocalAws") -> None:
    def succeeds(run: Any) -> None: ...

    found, (run,) = ended(localaws, succeeds)

    assert found["status"] == "SUCCEEDED"
    assert run.model_dump(include=set(INPUT)) == INPUT


def test_a_steps_error_is_the_states(localaws: "LocalAws") -> None:
    from stepcast.connect.spark.shard_steps import StepFailed

    def fails(run: Any) -> None:
        raise StepFailed("InternalError", "TrainPredictor, shard 1: what happened")

    found, _ = ended(localaws, fails)

    assert (found["status"], found["error"]) == ("FAILED", "InternalError")
    assert found["cause"] == "TrainPredictor, shard 1: what happened"


def test_an_error_of_spark_ends_the_run_too(localaws: "LocalAws") -> None:
    def loses(run: Any) -> None:
        raise RuntimeError("the cluster is gone")

    found, _ = ended(localaws, loses)

    assert (found["error"], found["cause"]) == ("SparkFailed", "RuntimeError: the cluster is gone")


def test_a_run_that_was_stopped_meanwhile_does_not_end_the_worker(localaws: "LocalAws") -> None:
    states = localaws.client("stepfunctions")

    def stops(run: Any) -> None:
        (machine,) = (
            one["stateMachineArn"]
            for one in states.list_state_machines()["stateMachines"]
            if one["name"] == "machine-stops"
        )
        (execution,) = states.list_executions(stateMachineArn=machine)["executions"]
        states.stop_execution(executionArn=execution["executionArn"])

    found, given = ended(localaws, stops)

    assert found["status"] == "ABORTED"
    assert len(given) == 1
