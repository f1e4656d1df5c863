"""One input, one execution: whatever S3 delivers, however often."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.core.config import default_user_config

from stepcast.pipeline.steps.start_execution import Started, start_execution
from tests.pipeline.steps.conftest import BUCKET, Account

EARLY, LATE = "2020-01-01T00:00:00.000Z", "2999-01-01T00:00:00.000Z"


def event(when: str = LATE) -> dict[str, Any]:
    return {
        "Records": [{"eventTime": when, "s3": {"bucket": {"name": BUCKET}, "object": {"key": "train/a.csv"}}}]
    }


class Machine:
    """A state machine whose executions end when the test says so."""

    def __init__(self, account: Account, states: Any) -> None:
        self.account, self.states = account, states
        self.looked: dict[str, datetime] = {}
        self.now = datetime.now(UTC)
        settle = {"Type": "Wait", "Seconds": 600, "End": True}
        definition = {"StartAt": "Settle", "States": {"Settle": settle}}
        role = "arn:aws:iam::123456789012:role/any"
        made = states.create_state_machine(name="forecast", definition=json.dumps(definition), roleArn=role)
        self.arn = made["stateMachineArn"]

    def deliver(self, when: str = LATE) -> Started:
        """Deliver an event, each in a second of its own, so that each would start a vintage of its own."""
        s3 = self.account.s3
        self.now += timedelta(seconds=1)
        return start_execution(
            event(when),
            s3=s3,
            states=self.states,
            state_machine=self.arn,
            settle_seconds=0,
            looked=self.looked,
            now=self.now,
        )

    def fail(self, started: Started) -> None:
        self.states.stop_execution(executionArn=started.execution_arn)

    def names(self) -> list[str]:
        executions = self.states.list_executions(stateMachineArn=self.arn)["executions"]
        return [execution["name"] for execution in executions]


@pytest.fixture
def machine(account: Account, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    # Otherwise moto runs nothing: every execution says that it is in a state which the machine has not.
    monkeypatch.setitem(default_user_config["stepfunctions"], "execute_state_machine", True)
    states = boto3.client("stepfunctions")
    made = Machine(account, states)
    yield made
    for execution in states.list_executions(stateMachineArn=made.arn, statusFilter="RUNNING")["executions"]:
        states.stop_execution(executionArn=execution["executionArn"])
    states.close()


def test_an_upload_starts_a_run_named_after_its_input(machine: Machine, account: Account) -> None:
    started = machine.deliver()

    assert started.outcome == "started"
    assert machine.names() == [account.run().run]
    given = json.loads(machine.states.describe_execution(executionArn=started.execution_arn)["input"])
    assert (given["bucket"], given["run"]) == (BUCKET, account.run().run)


def test_a_second_delivery_starts_nothing(machine: Machine) -> None:
    first, second = machine.deliver(), machine.deliver()

    assert second.execution_arn == first.execution_arn
    assert len(machine.names()) == 1


def test_without_params_or_without_data_nothing_starts(machine: Machine, account: Account) -> None:
    account.s3.delete_object(Bucket=BUCKET, Key="params.json")
    assert machine.deliver().outcome == "waiting"

    account.put("params.json", "{}")
    account.s3.delete_object(Bucket=BUCKET, Key="train/a.csv")
    account.put("train/", b"")  # a folder, as a console makes it
    assert machine.deliver().outcome == "waiting"
    assert machine.names() == []


def test_another_file_is_another_run(machine: Machine, account: Account) -> None:
    machine.deliver()
    account.put("train/b.csv", "lamp,2026-01-02,1\n")

    assert machine.deliver().outcome == "started"
    assert len(machine.names()) == 2


def test_a_late_duplicate_of_a_failed_runs_event_starts_nothing(machine: Machine) -> None:
    machine.fail(machine.deliver())
    machine.looked.clear()  # another worker's

    assert machine.deliver(EARLY).outcome == "duplicate"


def test_events_that_waited_behind_a_look_at_the_bucket_cost_none(machine: Machine, account: Account) -> None:
    machine.looked[BUCKET] = datetime(2020, 1, 2, tzinfo=UTC)
    asked: list[Any] = []
    account.s3.meta.events.register("before-call.s3", lambda **about: asked.append(about["model"].name))

    outcomes = {machine.deliver(EARLY).outcome for _ in range(1000)}

    assert outcomes == {"duplicate"}
    assert asked == []
    assert machine.deliver(LATE).outcome == "started"
    assert "ListObjectsV2" in asked


def test_a_look_that_failed_counts_for_nothing(machine: Machine) -> None:
    arn, machine.arn = machine.arn, machine.arn + "-gone"
    with pytest.raises(ClientError, match="StateMachineDoesNotExist"):
        machine.deliver(EARLY)
    machine.arn = arn

    assert machine.deliver(EARLY).outcome == "started"


def test_the_same_files_uploaded_again_after_a_failure_are_tried_again(
    machine: Machine, account: Account
) -> None:
    machine.fail(machine.deliver())

    again = machine.deliver(LATE)

    assert again.outcome == "started"
    assert again.execution_arn is not None
    assert again.execution_arn.endswith(f"{account.run().run}-2")


def test_vintages_of_runs_that_start_in_one_second_differ_and_sort_after_the_published_one(
    machine: Machine, account: Account
) -> None:
    account.exported("2999-01-01T00-00-00Z", published=True)  # by a clock that was wrong
    started = [machine.deliver()]
    account.put("train/b.csv", "lamp,2026-01-02,1\n")
    started.append(machine.deliver())

    given = [
        json.loads(machine.states.describe_execution(executionArn=one.execution_arn)["input"])["vintage"]
        for one in started
    ]
    assert len(set(given)) == 2
    assert all(vintage[:20] == "2999-01-01T00-00-01Z" for vintage in given)
