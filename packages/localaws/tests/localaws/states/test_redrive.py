"""RedriveExecution goes on from where an execution failed.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws import LocalAws
from tests.localaws.functions import make_function
from tests.localaws.waiting import eventually

ROLE = "arn:aws:iam::123456789012:role/states"

# Fails while a file of its name says so, and writes down that it was called.
WORK = """
import pathlib

def handler(event, context):
    folder, name = pathlib.Path(event["folder"]), event["name"]
    with (folder / "calls").open("a") as calls:
        calls.write(name + "\\n")
    if (folder / name).exists():
        raise ValueError(name + " is broken")
    return name
"""


class Bench:
    """A state machine of tasks that can be broken and repaired."""

    def __init__(self, aws: LocalAws, folder: Path) -> None:
        self.states, self.folder = aws.client("stepfunctions"), folder
        self.function = make_function(aws, "work", WORK)

    def task(self, name: str, **fields: Any) -> dict[str, Any]:
        key = "name.$" if name.startswith("$") else "name"
        parameters = {"folder": str(self.folder), key: name}
        return {"Type": "Task", "Resource": self.function, "Parameters": parameters, **fields}

    def machine(self, definition: dict[str, Any]) -> str:
        made = self.states.create_state_machine(
            name="machine", definition=json.dumps(definition), roleArn=ROLE
        )
        return str(made["stateMachineArn"])

    def start(self, definition: dict[str, Any], given: Any = None) -> str:
        started = self.states.start_execution(
            stateMachineArn=self.machine(definition), input=json.dumps(given or {})
        )
        return str(started["executionArn"])

    def broken(self, *names: str) -> None:
        for name in names:
            (self.folder / name).touch()

    def repaired(self, *names: str) -> None:
        for name in names:
            (self.folder / name).unlink()

    def ended(self, execution: str) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            found: dict[str, Any] = self.states.describe_execution(executionArn=execution)
            return found if found["status"] != "RUNNING" else None

        return eventually(look, "the execution's end")

    def redriven(self, execution: str) -> dict[str, Any]:
        self.states.redrive_execution(executionArn=execution)
        return self.ended(execution)

    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text().split()

    def types(self, execution: str) -> list[str]:
        events = self.states.get_execution_history(executionArn=execution, maxResults=1000)["events"]
        assert [event["id"] for event in events] == list(range(1, len(events) + 1))
        return [event["type"] for event in events]


@pytest.fixture
def bench(aws: LocalAws, tmp_path: Path) -> Bench:
    return Bench(aws, tmp_path)


def alone(name: str, state: dict[str, Any]) -> dict[str, Any]:
    return {"StartAt": name, "States": {name: {**state, "End": True}}}


def two_tasks(bench: Bench) -> dict[str, Any]:
    return {
        "StartAt": "One",
        "States": {"One": bench.task("one", Next="Two"), "Two": bench.task("two", End=True)},
    }


def test_it_goes_on_at_the_state_that_failed(bench: Bench) -> None:
    bench.broken("two")
    execution = bench.start(two_tasks(bench))
    failed = bench.ended(execution)
    assert (failed["status"], failed["redriveCount"], failed["redriveStatus"]) == ("FAILED", 0, "REDRIVABLE")
    bench.repaired("two")

    answer = bench.states.redrive_execution(executionArn=execution)
    found = bench.ended(execution)

    assert (found["status"], found["output"], found["redriveCount"]) == ("SUCCEEDED", '"two"', 1)
    assert found["redriveDate"] == answer["redriveDate"]
    assert found["redriveStatus"] == "NOT_REDRIVABLE"
    assert found["redriveStatusReason"] == "Execution is SUCCEEDED and cannot be redriven"
    assert "error" not in found
    assert found["startDate"] == failed["startDate"]
    assert bench.calls() == ["one", "two", "two"]
    task = ["LambdaFunctionScheduled", "LambdaFunctionStarted"]
    assert bench.types(execution)[6:] == [
        "TaskStateEntered",
        *task,
        "LambdaFunctionFailed",
        "ExecutionFailed",
        "ExecutionRedriven",
        *task,
        "LambdaFunctionSucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ]


def test_it_can_fail_again_and_again(bench: Bench) -> None:
    bench.broken("two")
    execution = bench.start(two_tasks(bench))
    bench.ended(execution)

    assert bench.redriven(execution)["status"] == "FAILED"
    found = bench.redriven(execution)

    assert (found["status"], found["redriveCount"], found["error"]) == ("FAILED", 2, "ValueError")
    assert bench.calls() == ["one", "two", "two", "two"]


def test_retries_are_counted_anew(bench: Bench) -> None:
    bench.broken("two")
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 1, "BackoffRate": 1.0}]
    execution = bench.start(alone("Two", bench.task("two", Retry=retry)))
    bench.ended(execution)

    bench.redriven(execution)

    assert len(bench.calls()) == 4


def test_of_a_parallel_state_only_the_branches_that_failed_run_again(bench: Bench) -> None:
    branches = [alone("Good", bench.task("good")), alone("Bad", bench.task("bad"))]
    last = {"StartAt": "Both", "States": {"Both": {"Type": "Parallel", "Branches": branches, "End": True}}}
    bench.broken("bad")
    slow = bench.task("bad", Retry=[{"ErrorEquals": ["ValueError"], "IntervalSeconds": 2, "MaxAttempts": 1}])
    branches[1]["States"]["Bad"] = {**slow, "End": True}
    execution = bench.start(last)
    bench.ended(execution)
    bench.repaired("bad")

    found = bench.redriven(execution)

    assert json.loads(found["output"]) == ["good", "bad"]
    assert bench.calls().count("good") == 1
    assert bench.types(execution).count("ParallelStateStarted") == 1


def test_of_an_inline_map_only_the_iterations_that_failed_run_again(bench: Bench) -> None:
    processor = {"StartAt": "Work", "States": {"Work": bench.task("$", End=True)}}
    bench.broken("c")
    execution = bench.start(
        alone("Each", {"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": processor}), ["a", "b", "c", "d"]
    )
    assert bench.ended(execution)["status"] == "FAILED"
    bench.repaired("c")

    found = bench.redriven(execution)

    assert json.loads(found["output"]) == ["a", "b", "c", "d"]
    assert bench.calls() == ["a", "b", "c", "c", "d"]
    types = bench.types(execution)
    assert (types.count("MapStateEntered"), types.count("MapStateStarted")) == (1, 1)


def test_of_a_distributed_map_only_the_children_that_failed_run_again(bench: Bench) -> None:
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Work",
        "States": {"Work": bench.task("$", End=True)},
    }
    bench.broken("c")
    each = {"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": processor}
    execution = bench.start(alone("Each", each), ["a", "b", "c", "d"])
    assert bench.ended(execution)["error"] == "States.ExceedToleratedFailureThreshold"
    (run,) = bench.states.list_map_runs(executionArn=execution)["mapRuns"]
    before = bench.states.describe_map_run(mapRunArn=run["mapRunArn"])
    children = bench.states.list_executions(mapRunArn=run["mapRunArn"], statusFilter="FAILED")["executions"]
    child = bench.states.describe_execution(executionArn=children[0]["executionArn"])
    bench.repaired("c")

    found = bench.redriven(execution)

    assert json.loads(found["output"]) == ["a", "b", "c", "d"]
    assert bench.calls() == ["a", "b", "c", "c", "d"]
    assert (before["status"], child["redriveStatus"]) == ("FAILED", "REDRIVABLE_BY_MAP_RUN")
    (again,) = bench.states.list_map_runs(executionArn=execution)["mapRuns"]
    described = bench.states.describe_map_run(mapRunArn=run["mapRunArn"])
    assert again["mapRunArn"] == run["mapRunArn"]
    assert (described["status"], described["redriveCount"]) == ("SUCCEEDED", 1)
    assert described["itemCounts"]["succeeded"] == described["itemCounts"]["total"] == 4
    assert bench.types(execution).count("MapRunRedriven") == 1
    assert "ExecutionRedriven" in bench.types(child["executionArn"])
    with pytest.raises(bench.states.exceptions.ExecutionNotRedrivable, match="child of a map run"):
        bench.states.redrive_execution(executionArn=children[0]["executionArn"])


def test_what_was_aborted_goes_on_too(bench: Bench) -> None:
    definition = {
        "StartAt": "One",
        "States": {
            "One": bench.task("one", Next="Rest"),
            "Rest": {"Type": "Wait", "SecondsPath": "$$.Execution.RedriveCount", "Next": "Long"},
            "Long": {
                "Type": "Choice",
                "Choices": [{"Variable": "$$.Execution.RedriveCount", "NumericEquals": 0, "Next": "Never"}],
                "Default": "Done",
            },
            "Never": {"Type": "Wait", "Seconds": 600, "Next": "Done"},
            "Done": {"Type": "Pass", "End": True},
        },
    }
    definition["States"]["Never"]["Seconds"] = 4
    execution = bench.start(definition)
    eventually(lambda: bench.types(execution).count("WaitStateEntered") == 2, "the long wait")
    bench.states.stop_execution(executionArn=execution)

    found = bench.redriven(execution)

    assert (found["status"], found["output"]) == ("SUCCEEDED", '"one"')
    assert bench.calls() == ["one"]


def test_a_machine_that_timed_out_has_its_whole_time_again(bench: Bench) -> None:
    definition = {**alone("Rest", {"Type": "Wait", "Seconds": 2}), "TimeoutSeconds": 1}
    execution = bench.start(definition)
    assert bench.ended(execution)["status"] == "TIMED_OUT"

    assert bench.redriven(execution)["status"] == "TIMED_OUT"
    assert bench.types(execution) == [
        "ExecutionStarted",
        "WaitStateEntered",
        "ExecutionTimedOut",
        "ExecutionRedriven",
        "ExecutionTimedOut",
    ]


def test_it_keeps_the_definition_and_the_input_it_was_started_with(bench: Bench) -> None:
    bench.broken("two")
    execution = bench.start(two_tasks(bench), {"given": 1})
    bench.ended(execution)
    other = json.dumps(alone("Other", {"Type": "Pass"}))
    bench.states.update_state_machine(stateMachineArn=bench.machine(two_tasks(bench)), definition=other)
    bench.repaired("two")

    found = bench.redriven(execution)

    assert (found["output"], json.loads(found["input"])) == ('"two"', {"given": 1})


@pytest.mark.parametrize(
    ("state", "status"), [({"Type": "Pass"}, "SUCCEEDED"), ({"Type": "Wait", "Seconds": 60}, "RUNNING")]
)
def test_what_runs_or_has_succeeded_is_refused(bench: Bench, state: dict[str, Any], status: str) -> None:
    execution = bench.start(alone("It", state))
    described: Callable[[], str] = lambda: bench.states.describe_execution(executionArn=execution)["status"]  # noqa: E731
    eventually(lambda: described() == status, status)

    with pytest.raises(
        bench.states.exceptions.ExecutionNotRedrivable, match=f"Execution is {status} and cannot be redriven"
    ):
        bench.states.redrive_execution(executionArn=execution)


def test_one_that_does_not_exist_is_refused(bench: Bench) -> None:
    with pytest.raises(ClientError, match="ExecutionDoesNotExist"):
        bench.states.redrive_execution(
            executionArn="arn:aws:states:us-east-1:123456789012:execution:machine:none"
        )


def test_the_same_client_token_redrives_once(bench: Bench) -> None:
    bench.broken("two")
    execution = bench.start(two_tasks(bench))
    bench.ended(execution)

    first = bench.states.redrive_execution(executionArn=execution, clientToken="t")
    bench.ended(execution)
    again = bench.states.redrive_execution(executionArn=execution, clientToken="t")

    assert again["redriveDate"] == first["redriveDate"]
    assert bench.ended(execution)["redriveCount"] == 1


def test_it_can_be_redriven_after_a_restart(tmp_path: Path) -> None:
    with LocalAws(state=tmp_path / "state") as aws:
        bench = Bench(aws, tmp_path)
        bench.broken("two")
        execution = bench.start(two_tasks(bench))
        bench.ended(execution)
    (tmp_path / "two").unlink()

    with LocalAws(state=tmp_path / "state") as aws:
        bench.states = aws.client("stepfunctions")
        found = bench.redriven(execution)

        assert (found["status"], bench.calls()) == ("SUCCEEDED", ["one", "two", "two"])
