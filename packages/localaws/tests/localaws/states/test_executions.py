"""Executions: their names, their end, their history."""

import gc
import json
import re
import threading
from datetime import datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.stepfunctions.parser.asl.eval.environment import Environment

from localaws import LocalAws
from tests.localaws.functions import make_function
from tests.localaws.waiting import eventually

ROLE = "arn:aws:iam::123456789012:role/states"
REST = {"StartAt": "Rest", "States": {"Rest": {"Type": "Wait", "Seconds": 600, "End": True}}}
PASS = {"StartAt": "Keep", "States": {"Keep": {"Type": "Pass", "End": True}}}


def machine(aws: LocalAws, definition: dict[str, Any]) -> str:
    made = aws.client("stepfunctions").create_state_machine(
        name="machine", definition=json.dumps(definition), roleArn=ROLE
    )
    return str(made["stateMachineArn"])


def ended(aws: LocalAws, execution: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        described: dict[str, Any] = aws.client("stepfunctions").describe_execution(executionArn=execution)
        return described if described["status"] != "RUNNING" else None

    return eventually(look, "the execution's end")


def test_an_execution_without_a_name_gets_one_of_its_own(aws: LocalAws) -> None:
    arn = machine(aws, PASS)
    states = aws.client("stepfunctions")

    first, second = (states.start_execution(stateMachineArn=arn)["executionArn"] for _ in range(2))

    assert first != second
    assert re.search(r":execution:machine:[0-9a-f-]{36}$", first)
    assert ended(aws, first)["name"] == first.rpartition(":")[2]
    assert ended(aws, first)["input"] == "{}"


def test_the_same_name_and_input_while_it_runs_is_the_same_execution(aws: LocalAws) -> None:
    arn = machine(aws, REST)
    states = aws.client("stepfunctions")

    first = states.start_execution(stateMachineArn=arn, name="n", input='{"a": 1}')
    again = states.start_execution(stateMachineArn=arn, name="n", input='{"a": 1}')

    assert again["executionArn"] == first["executionArn"]
    assert again["startDate"] == first["startDate"]
    assert len(states.list_executions(stateMachineArn=arn)["executions"]) == 1


def test_the_same_name_with_another_input_or_after_the_end_is_refused(aws: LocalAws) -> None:
    arn = machine(aws, REST)
    states = aws.client("stepfunctions")
    execution = states.start_execution(stateMachineArn=arn, name="n", input='{"a": 1}')["executionArn"]

    with pytest.raises(states.exceptions.ExecutionAlreadyExists):
        states.start_execution(stateMachineArn=arn, name="n", input='{"a": 2}')

    states.stop_execution(executionArn=execution)
    with pytest.raises(states.exceptions.ExecutionAlreadyExists):
        states.start_execution(stateMachineArn=arn, name="n", input='{"a": 1}')


def test_an_input_that_is_not_json_is_refused(aws: LocalAws) -> None:
    arn = machine(aws, PASS)

    with pytest.raises(aws.client("stepfunctions").exceptions.InvalidExecutionInput):
        aws.client("stepfunctions").start_execution(stateMachineArn=arn, input="{not json")


def test_a_stop_is_at_once_and_says_why(aws: LocalAws) -> None:
    """The task that runs is not waited for."""
    slow = make_function(aws, "slow", "import time\ndef handler(event, context): time.sleep(5)")
    arn = machine(
        aws, {"StartAt": "Work", "States": {"Work": {"Type": "Task", "Resource": slow, "End": True}}}
    )
    states = aws.client("stepfunctions")
    execution = states.start_execution(stateMachineArn=arn)["executionArn"]

    def started() -> bool:
        events = states.get_execution_history(executionArn=execution)["events"]
        return any(event["type"] == "LambdaFunctionStarted" for event in events)

    eventually(started, "the task's start")
    stopped = states.stop_execution(executionArn=execution, error="Mine", cause="enough")

    described = states.describe_execution(executionArn=execution)
    last = states.get_execution_history(executionArn=execution, reverseOrder=True)["events"][0]
    assert isinstance(stopped["stopDate"], datetime)
    assert (described["status"], described["error"], described["cause"]) == ("ABORTED", "Mine", "enough")
    assert described["stopDate"] == stopped["stopDate"]
    assert last["type"] == "ExecutionAborted"
    assert last["executionAbortedEventDetails"] == {"error": "Mine", "cause": "enough"}
    statuses = [e["status"] for e in states.list_executions(stateMachineArn=arn)["executions"]]
    assert statuses == ["ABORTED"]


def test_history_comes_in_pages_and_in_either_order(aws: LocalAws) -> None:
    arn = machine(
        aws,
        {
            "StartAt": "One",
            "States": {"One": {"Type": "Pass", "Next": "Two"}, "Two": {"Type": "Pass", "End": True}},
        },
    )
    states = aws.client("stepfunctions")
    execution = states.start_execution(stateMachineArn=arn)["executionArn"]
    ended(aws, execution)

    whole = states.get_execution_history(executionArn=execution)["events"]
    pages, token = [], {}
    while True:
        page = states.get_execution_history(executionArn=execution, maxResults=4, **token)
        pages.append(page["events"])
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    backwards = states.get_execution_history(executionArn=execution, reverseOrder=True, maxResults=1)[
        "events"
    ]

    assert [event["type"] for event in whole] == [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]
    assert [event["id"] for event in whole] == [1, 2, 3, 4, 5, 6]
    assert [len(page) for page in pages] == [4, 2]
    assert [event for page in pages for event in page] == whole
    assert backwards == whole[-1:]
    with pytest.raises(ClientError, match="InvalidToken"):
        states.get_execution_history(executionArn=execution, nextToken="made up")


def test_executions_can_be_listed_by_status(aws: LocalAws) -> None:
    arn = machine(aws, PASS)
    states = aws.client("stepfunctions")
    ended(aws, states.start_execution(stateMachineArn=arn, name="n")["executionArn"])

    found = states.list_executions(stateMachineArn=arn, statusFilter="SUCCEEDED")["executions"]

    assert [execution["name"] for execution in found] == ["n"]
    assert states.list_executions(stateMachineArn=arn, statusFilter="RUNNING")["executions"] == []


def test_an_update_counts_for_the_next_execution(aws: LocalAws) -> None:
    arn = machine(aws, PASS)
    states = aws.client("stepfunctions")
    changed = {"StartAt": "Keep", "States": {"Keep": {"Type": "Pass", "Result": "changed", "End": True}}}

    states.update_state_machine(stateMachineArn=arn, definition=json.dumps(changed))

    assert ended(aws, states.start_execution(stateMachineArn=arn)["executionArn"])["output"] == '"changed"'


def test_many_executions_at_once_all_succeed(aws: LocalAws) -> None:
    double = make_function(aws, "double", "def handler(event, context): return 2 * event")
    arn = machine(
        aws, {"StartAt": "Work", "States": {"Work": {"Type": "Task", "Resource": double, "End": True}}}
    )
    states = aws.client("stepfunctions")

    executions = [
        states.start_execution(stateMachineArn=arn, input=str(number))["executionArn"] for number in range(40)
    ]

    outputs = [int(ended(aws, execution)["output"]) for execution in executions]
    assert outputs == [2 * number for number in range(40)]


def test_what_has_ended_leaves_no_interpreter_in_memory(aws: LocalAws) -> None:
    arn = machine(aws, PASS)
    states = aws.client("stepfunctions")
    for execution in [states.start_execution(stateMachineArn=arn)["executionArn"] for _ in range(30)]:
        ended(aws, execution)

    def gone() -> bool:
        gc.collect()
        # By type(): isinstance asks a weakref's proxy for what it points to, which may be gone.
        return not any(issubclass(type(thing), Environment) for thing in gc.get_objects())

    eventually(gone, "the end of the environments")


def test_a_stop_ends_the_threads_that_wait(aws: LocalAws) -> None:
    """For a token, within a Parallel state, with a time limit."""
    queue = aws.client("sqs").create_queue(QueueName="q")["QueueUrl"]
    ask = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": queue, "MessageBody": {"token.$": "$$.Task.Token"}},
        "End": True,
    }
    branches = [
        {"StartAt": "Ask", "States": {"Ask": {**ask, **more}}}
        for more in ({}, {"TimeoutSeconds": 600}, {"HeartbeatSeconds": 500})
    ]
    arn = machine(
        aws, {"StartAt": "All", "States": {"All": {"Type": "Parallel", "Branches": branches, "End": True}}}
    )
    states = aws.client("stepfunctions")

    def working() -> list[str]:
        """The threads but for those of connections, which stay open."""
        return [thread.name for thread in threading.enumerate() if "process_request" not in thread.name]

    before = len(working())
    execution = states.start_execution(stateMachineArn=arn)["executionArn"]

    def asked() -> bool:
        events = states.get_execution_history(executionArn=execution)["events"]
        return sum(event["type"] == "TaskSubmitted" for event in events) == 3

    eventually(asked, "three requests")
    states.stop_execution(executionArn=execution)

    eventually(lambda: len(working()) <= before, f"the end of {working()}")


def test_executions_of_a_machine_that_is_deleted_are_forgotten_but_for_those_that_run(aws: LocalAws) -> None:
    states = aws.client("stepfunctions")
    arn = machine(aws, PASS)
    done = states.start_execution(stateMachineArn=arn, name="done")["executionArn"]
    ended(aws, done)
    states.update_state_machine(stateMachineArn=arn, definition=json.dumps(REST))
    runs = states.start_execution(stateMachineArn=arn, name="runs")["executionArn"]

    states.delete_state_machine(stateMachineArn=arn)

    with pytest.raises(states.exceptions.ExecutionDoesNotExist):
        states.describe_execution(executionArn=done)
    assert states.describe_execution(executionArn=runs)["status"] == "RUNNING"
    assert machine(aws, PASS) == arn
    assert states.list_executions(stateMachineArn=arn)["executions"] == []
    assert states.start_execution(stateMachineArn=arn, name="done")["executionArn"] == done


@pytest.mark.parametrize(
    ("definition", "problem"),
    [
        ({**PASS, "StartAt": "Nowhere"}, "StartAt is 'Nowhere', which is not a state here"),
        (
            {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}},
            "state 'A': Next is 'B', which is not a state here",
        ),
        (
            {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}, "B": {"Type": "Succeed"}}},
            "state 'B': no state leads to it",
        ),
        ({"StartAt": "A", "States": {"A": {"Type": "Pass"}}}, "state 'A': needs either Next or"),
        ({"StartAt": "A", "States": {"A": {"Type": "Walk", "End": True}}}, "state 'A': Type is 'Walk'"),
        ({**PASS, "QueryLanguage": "JSONata"}, "QueryLanguage JSONata is not supported"),
        (
            {"StartAt": "A", "States": {"A": {"Type": "Pass", "Assign": {"x": 1}, "End": True}}},
            "state 'A': Assign is not supported",
        ),
        (
            {
                "StartAt": "A",
                "States": {
                    "A": {
                        "Type": "Task",
                        "Resource": "arn:aws:states:::athena:startQueryExecution.sync",
                        "End": True,
                    }
                },
            },
            "state 'A': the integration 'athena:startQueryExecution.sync' is not supported",
        ),
        (
            {
                "StartAt": "A",
                "States": {"A": {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:s3:fly", "End": True}},
            },
            "'aws-sdk:s3:fly' names no operation of s3",
        ),
        (
            {
                "StartAt": "A",
                "States": {
                    "A": {
                        "Type": "Map",
                        "ItemProcessor": {"StartAt": "B", "States": {"B": {"Type": "Pass", "Next": "C"}}},
                        "End": True,
                    }
                },
            },
            "state 'A / B': Next is 'C'",
        ),
    ],
)
def test_a_machine_that_cannot_run_is_refused_when_it_is_created(
    aws: LocalAws, definition: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ClientError, match="InvalidDefinition") as refused:
        machine(aws, definition)

    assert problem in str(refused.value)
    assert aws.client("stepfunctions").list_state_machines()["stateMachines"] == []
