"""Executions go on after a kill: as if nothing had happened, but that a task may run twice."""

import contextlib
import json
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError

from tests.localaws.functions import make_function
from tests.localaws.killable import Killable
from tests.localaws.waiting import eventually

ROLE = "arn:aws:iam::123456789012:role/states"

# Writes down that it was called, waits until it may go on, and returns or raises what it is told to.
WORK = """
import json, pathlib, time

def handler(event, context):
    folder = pathlib.Path(event["folder"])
    name = event["name"]
    with (folder / "calls").open("a") as calls:
        calls.write(name + "\\n")
    if "token" in event:
        (folder / ("token-" + name)).write_text(event["token"])
    while event.get("hold") and not (folder / "go").exists():
        time.sleep(0.01)
    failures = folder / ("fail-" + name)
    if failures.exists():
        left = int(failures.read_text())
        if left:
            failures.write_text(str(left - 1))
            raise ValueError("not yet")
    return {"did": name}
"""


# Kills after events 3, 23, 43 ...; LOCALAWS_EVERY_EVENT=1 in the environment adds 4, 5 and all the others.
EVENTS_BETWEEN_KILLS = 20
FIRST_KILLS = range(1, 21) if os.environ.get("LOCALAWS_EVERY_EVENT") else [3]

# Calls it with what the execution is given.
CHILD = {
    "StartAt": "Work",
    "States": {
        "Work": {
            "Type": "Task",
            "Resource": "arn:aws:lambda:us-east-1:123456789012:function:work",
            "Parameters": {"folder.$": "$.folder", "name.$": "$.name", "hold.$": "$.hold"},
            "End": True,
        }
    },
}
CHILD_ARN = "arn:aws:states:us-east-1:123456789012:stateMachine:child"


class World:
    """A folder for what the function does, and state machines of the test's own."""

    def __init__(self, folder: Path, aws: Killable) -> None:
        self.files, self.aws = folder, aws

    @property
    def states(self) -> Any:
        return self.aws.client("stepfunctions")

    def machine(self, definition: dict[str, Any]) -> str:
        made = self.states.create_state_machine(
            name=self.files.name, definition=json.dumps(definition), roleArn=ROLE
        )
        return str(made["stateMachineArn"])

    def start(self, definition: dict[str, Any], given: Any = None) -> str:
        text = json.dumps({} if given is None else given)
        started = self.states.start_execution(stateMachineArn=self.machine(definition), input=text)
        return str(started["executionArn"])

    def calls(self) -> Counter[str]:
        try:
            return Counter((self.files / "calls").read_text().split())
        except FileNotFoundError:
            return Counter()

    def called(self, *names: str) -> None:
        eventually(lambda: set(names) <= self.calls().keys(), f"the calls of {names}")

    def go(self) -> None:
        (self.files / "go").touch()

    def fail(self, name: str, times: int = 1_000_000) -> None:
        (self.files / f"fail-{name}").write_text(str(times))

    def events(self, execution: str) -> list[dict[str, Any]]:
        found, more = [], {"maxResults": 1000}
        while True:
            page = self.states.get_execution_history(executionArn=execution, **more)
            found += page["events"]
            if "nextToken" not in page:
                return found
            more["nextToken"] = page["nextToken"]

    def seen(self, execution: str, kind: str, times: int = 1) -> None:
        eventually(lambda: Counter(event["type"] for event in self.events(execution))[kind] >= times, kind)

    def ended(self, execution: str) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            found: dict[str, Any] = self.states.describe_execution(executionArn=execution)
            return found if found["status"] != "RUNNING" else None

        return eventually(look, "the execution's end", patience=60)

    def output(self, execution: str) -> Any:
        found = self.ended(execution)
        assert found["status"] == "SUCCEEDED", found
        return json.loads(found["output"])

    def task(self, name: str, *, hold: bool = False, **fields: Any) -> dict[str, Any]:
        """A task that calls the function."""
        return {
            "Type": "Task",
            "Resource": "arn:aws:lambda:us-east-1:123456789012:function:work",
            "Parameters": {"folder": str(self.files), "name": name, "hold": hold},
            **fields,
        }

    def item_task(self, *, hold: bool = False, **fields: Any) -> dict[str, Any]:
        """A task that calls the function with the item's name."""
        made = self.task("", hold=hold, **fields)
        made["Parameters"] = {"folder": str(self.files), "name.$": "$", "hold": hold}
        return made

    def callback(self, name: str, **fields: Any) -> dict[str, Any]:
        """A task that hands out a token."""
        return {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
            "Parameters": {
                "FunctionName": "work",
                "Payload": {"folder": str(self.files), "name": name, "token.$": "$$.Task.Token"},
            },
            **fields,
        }

    def nested(self, name: str, *, hold: bool = False) -> dict[str, Any]:
        """A task that waits for an execution of the machine ``child``."""
        return {
            "Type": "Task",
            "Resource": "arn:aws:states:::states:startExecution.sync:2",
            "Parameters": {
                "StateMachineArn": CHILD_ARN,
                "Input": {"folder": str(self.files), "name": name, "hold": hold},
            },
        }

    def children(self) -> list[str]:
        """The statuses of the executions of ``child`` that this test has started."""
        listed = self.states.list_executions(stateMachineArn=CHILD_ARN)["executions"]
        found = [self.states.describe_execution(executionArn=one["executionArn"]) for one in listed]
        return [one["status"] for one in found if json.loads(one["input"])["folder"] == str(self.files)]

    def token(self, name: str) -> str:
        path = self.files / f"token-{name}"
        return eventually(lambda: path.read_text() if path.exists() else None, "the token")


@pytest.fixture(scope="module")
def killable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Killable]:
    """A LocalAws with the function ``work``, the machine ``child`` and the activity ``hands``."""
    aws: Any = Killable(tmp_path_factory.mktemp("state"))
    aws.start()
    make_function(aws, "work", WORK)
    states = aws.client("stepfunctions")
    states.create_activity(name="hands")
    states.create_state_machine(name="child", definition=json.dumps(CHILD), roleArn=ROLE)
    aws.client("s3").create_bucket(Bucket="items")
    aws.stop()
    aws.start()
    yield aws
    aws.kill()


@pytest.fixture
def world(tmp_path: Path, killable: Killable) -> Iterator[World]:
    yield World(tmp_path, killable)
    if killable.dies():
        killable.restart()


def one_after_another(events: list[dict[str, Any]]) -> list[str]:
    """The types of events, whose ids must be 1, 2, 3 ... and refer to events before them."""
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    assert all(event["previousEventId"] < event["id"] for event in events)
    return [event["type"] for event in events]


def chain(**states: dict[str, Any]) -> dict[str, Any]:
    """A machine of states one after another."""
    names = list(states)
    made = {
        name: {**state, **({"Next": names[position + 1]} if position + 1 < len(names) else {"End": True})}
        for position, (name, state) in enumerate(states.items())
    }
    return {"StartAt": names[0], "States": made}


def test_a_task_that_ran_runs_again_and_what_was_done_does_not(world: World) -> None:
    execution = world.start(
        chain(One=world.task("one"), Two=world.task("two", hold=True), Three=world.task("three"))
    )
    world.called("one", "two")
    world.seen(execution, "LambdaFunctionStarted", 2)

    world.aws.restart()
    world.go()

    assert world.output(execution) == {"did": "three"}
    assert world.calls() == {"one": 1, "two": 2, "three": 1}
    task = ["TaskStateEntered", "LambdaFunctionScheduled", "LambdaFunctionStarted", "LambdaFunctionSucceeded"]
    assert one_after_another(world.events(execution)) == [
        "ExecutionStarted",
        *(3 * [*task, "TaskStateExited"]),
        "ExecutionSucceeded",
    ]


def test_a_start_that_was_answered_is_never_lost(world: World) -> None:
    """The kill comes with the answer."""
    execution = world.start(chain(One={"Type": "Pass", "Result": 1}, Two={"Type": "Pass"}))
    world.aws.restart()

    assert world.output(execution) == 1
    assert one_after_another(world.events(execution))[0] == "ExecutionStarted"


def test_an_end_that_was_seen_is_never_undone(world: World) -> None:
    execution = world.start(chain(One={"Type": "Pass", "Result": 1}))
    before = world.ended(execution)
    world.aws.kill()
    world.aws.start()

    world.machine(chain(One={"Type": "Pass", "Result": 1}))
    after = world.states.describe_execution(executionArn=execution)
    listed = world.states.list_executions(stateMachineArn=before["stateMachineArn"])["executions"]
    for answer in (before, after):
        del answer["ResponseMetadata"]
    assert after == before
    assert [one["executionArn"] for one in listed] == [execution]
    assert one_after_another(world.events(execution))[-1] == "ExecutionSucceeded"


def test_a_wait_ends_when_it_should_have(world: World) -> None:
    """All of it passes while nothing runs: then it is over, and does not begin anew."""
    seconds = 12
    execution = world.start(chain(Rest={"Type": "Wait", "Seconds": seconds}))
    world.seen(execution, "WaitStateEntered")
    world.aws.kill()
    time.sleep(seconds)

    world.aws.start()
    served = datetime.now(UTC)

    world.output(execution)
    entered, left = (event["timestamp"] for event in world.events(execution)[1:3])
    assert left - entered >= timedelta(seconds=seconds)
    assert left - served < timedelta(seconds=seconds)


def test_a_wait_until_a_time_that_has_passed_meanwhile_ends_at_once(world: World) -> None:
    then = datetime.now(UTC) + timedelta(seconds=3)
    execution = world.start(
        chain(Rest={"Type": "Wait", "TimestampPath": "$.then"}), {"then": then.strftime("%Y-%m-%dT%H:%M:%SZ")}
    )
    world.seen(execution, "WaitStateEntered")
    world.aws.kill()
    time.sleep(max(0.0, (then - datetime.now(UTC)).total_seconds()))

    world.aws.start()

    world.output(execution)
    assert one_after_another(world.events(execution)).count("WaitStateEntered") == 1


def test_the_time_limit_of_a_machine_counts_from_its_start(world: World) -> None:
    definition = {**chain(Rest={"Type": "Wait", "Seconds": 600}), "TimeoutSeconds": 3}
    execution = world.start(definition)
    world.seen(execution, "WaitStateEntered")
    world.aws.kill()
    time.sleep(3)

    world.aws.start()

    found = world.ended(execution)
    assert found["status"] == "TIMED_OUT"
    assert one_after_another(world.events(execution))[-1] == "ExecutionTimedOut"


def test_attempts_are_counted_across_restarts(world: World) -> None:
    world.fail("flaky", 3)
    retry = [{"ErrorEquals": ["ValueError"], "IntervalSeconds": 3, "BackoffRate": 1.0, "MaxAttempts": 3}]
    execution = world.start(chain(Flaky=world.task("flaky", Retry=retry)))
    for attempt in (1, 2):
        world.seen(execution, "LambdaFunctionFailed", attempt)
        time.sleep(0.5)
        world.aws.restart()

    assert world.output(execution) == {"did": "flaky"}
    assert world.calls() == {"flaky": 4}
    types = one_after_another(world.events(execution))
    assert (types.count("TaskStateEntered"), types.count("LambdaFunctionFailed")) == (1, 3)


def test_attempts_that_are_used_up_stay_so(world: World) -> None:
    world.fail("never")
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 2, "MaxAttempts": 2, "BackoffRate": 1.0}]
    catch = [{"ErrorEquals": ["ValueError"], "ResultPath": "$.why", "Next": "Mourn"}]
    definition = chain(Never=world.task("never", Retry=retry, Catch=catch), Mourn={"Type": "Pass"})
    execution = world.start(definition, {"kept": 1})
    world.seen(execution, "LambdaFunctionFailed", 2)
    time.sleep(0.5)

    world.aws.restart()

    output = world.output(execution)
    assert (output["kept"], output["why"]["Error"]) == (1, "ValueError")
    assert world.calls() == {"never": 3}


def test_branches_that_are_done_are_not_done_again(world: World) -> None:
    branches = [
        chain(Quick=world.task("quick")),
        chain(First=world.task("first"), Slow=world.task("slow", hold=True)),
    ]
    execution = world.start(chain(Both={"Type": "Parallel", "Branches": branches}))
    world.called("quick", "slow")
    world.seen(execution, "LambdaFunctionSucceeded", 2)
    world.seen(execution, "TaskStateEntered", 3)

    world.aws.restart()
    world.go()

    assert world.output(execution) == [{"did": "quick"}, {"did": "slow"}]
    assert world.calls() == {"quick": 1, "first": 1, "slow": 2}
    types = one_after_another(world.events(execution))
    assert types.count("ParallelStateStarted") == types.count("ParallelStateEntered") == 1


@pytest.mark.parametrize("mode", ["INLINE", "DISTRIBUTED"])
def test_items_that_are_done_are_not_done_again(world: World, mode: str) -> None:
    items = [f"item{number}" for number in range(12)]
    config = {"Mode": mode, **({"ExecutionType": "STANDARD"} if mode == "DISTRIBUTED" else {})}
    steps = {
        "StartAt": "Which",
        "States": {
            "Which": {
                "Type": "Choice",
                "Choices": [{"Variable": "$", "StringEquals": "item5", "Next": "Held"}],
                "Default": "Free",
            },
            "Free": world.item_task(End=True),
            "Held": world.item_task(hold=True, End=True),
        },
    }
    execution = world.start(
        chain(
            Each={"Type": "Map", "MaxConcurrency": 2, "ItemProcessor": {"ProcessorConfig": config, **steps}}
        ),
        items,
    )
    world.called(*items)
    time.sleep(0.5)  # what is written a moment later is written

    world.aws.restart()
    eventually(lambda: world.calls()["item5"] == 2, "the call of what was not done")
    world.aws.restart()
    world.go()

    assert world.output(execution) == [{"did": name} for name in items]
    assert world.calls() == {name: 3 if name == "item5" else 1 for name in items}
    types = one_after_another(world.events(execution))
    assert types.count("MapStateStarted") == 1
    if mode == "INLINE":
        assert types.count("MapIterationStarted") == types.count("MapIterationSucceeded") == 12


def test_a_distributed_map_keeps_its_run_its_children_and_the_items_it_read(world: World) -> None:
    """All of its items are counted from the start, as on AWS, not only those that have begun."""
    world.aws.client("s3").put_object(Bucket="items", Key="list.json", Body=b'["a", "b", "c"]')
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "JSON"},
        "Parameters": {"Bucket": "items", "Key": "list.json"},
    }
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    each = {
        "Type": "Map",
        "MaxConcurrency": 1,
        "Label": "Each",
        "ItemReader": reader,
        "ItemProcessor": {**processor, **chain(Work=world.item_task(hold=True))},
    }
    execution = world.start(chain(Each=each))
    world.called("a")
    (before,) = world.states.list_map_runs(executionArn=execution)["mapRuns"]
    counts = world.states.describe_map_run(mapRunArn=before["mapRunArn"])["itemCounts"]
    assert (counts["total"], counts["pending"], counts["running"]) == (3, 2, 1)
    world.aws.client("s3").put_object(Bucket="items", Key="list.json", Body=b'["other"]')

    world.aws.restart()
    world.go()

    assert world.output(execution) == [{"did": name} for name in "abc"]
    (after,) = world.states.list_map_runs(executionArn=execution)["mapRuns"]
    described = world.states.describe_map_run(mapRunArn=before["mapRunArn"])
    assert after["mapRunArn"] == before["mapRunArn"]
    assert after["startDate"] == before["startDate"]
    counts = described["itemCounts"]
    assert (described["status"], counts["succeeded"], counts["total"]) == ("SUCCEEDED", 3, 3)
    assert (counts["pending"], counts["running"]) == (0, 0)
    world.aws.restart()
    children = world.states.list_executions(mapRunArn=before["mapRunArn"])["executions"]
    assert [child["status"] for child in children] == 3 * ["SUCCEEDED"]
    child = world.states.describe_execution(executionArn=children[-1]["executionArn"])
    assert (child["input"], json.loads(child["output"])) == ('"a"', {"did": "a"})
    assert child["mapRunArn"] == before["mapRunArn"]
    assert one_after_another(world.events(children[0]["executionArn"]))[-1] == "ExecutionSucceeded"
    assert world.states.describe_map_run(mapRunArn=before["mapRunArn"])["itemCounts"]["succeeded"] == 3


def test_a_token_that_was_handed_out_stays_valid(world: World) -> None:
    execution = world.start(chain(Ask=world.callback("ask", HeartbeatSeconds=300)))
    token = world.token("ask")
    world.seen(execution, "TaskSubmitted")

    world.aws.restart()
    world.states.send_task_heartbeat(taskToken=token)
    world.states.send_task_success(taskToken=token, output='{"answer": 42}')

    assert world.output(execution) == {"answer": 42}
    assert world.calls() == {"ask": 1}
    with pytest.raises(world.states.exceptions.TaskTimedOut):
        world.states.send_task_success(taskToken=token, output="{}")
    with pytest.raises(world.states.exceptions.InvalidToken):
        world.states.send_task_success(taskToken="made up", output="{}")
    with pytest.raises(world.states.exceptions.InvalidOutput):
        world.states.send_task_success(taskToken=token, output="{")


def test_an_outcome_that_was_acknowledged_counts(world: World) -> None:
    """The kill comes with the answer; then the first outcome is the one that counts."""
    catch = [{"ErrorEquals": ["Mine"], "Next": "Sorry"}]
    execution = world.start(
        chain(
            Ask=world.callback("ask", Catch=catch),
            Wait={"Type": "Wait", "Seconds": 0},
            Sorry={"Type": "Pass"},
        )
    )
    token = world.token("ask")
    world.states.send_task_failure(taskToken=token, error="Mine", cause="because")
    world.aws.restart()

    assert world.output(execution) == {"Error": "Mine", "Cause": "because"}
    assert world.calls()["ask"] in {1, 2}


def test_a_heartbeat_that_stays_away_fails_the_task_after_a_restart_too(world: World) -> None:
    execution = world.start(chain(Ask=world.callback("ask", HeartbeatSeconds=2)))
    world.token("ask")
    world.aws.restart()

    assert world.ended(execution)["error"] == "States.Timeout"


def test_an_activity_goes_on_whether_its_task_was_taken_or_not(world: World) -> None:
    activity = "arn:aws:states:us-east-1:123456789012:activity:hands"
    state = {"Type": "Task", "Resource": activity}
    execution = world.start(chain(First=state, Second=state), {"n": 1})
    world.seen(execution, "ActivityScheduled")
    world.aws.restart()

    first = world.states.get_activity_task(activityArn=activity, workerName="me")
    world.aws.restart()
    world.states.send_task_success(taskToken=first["taskToken"], output='{"n": 2}')
    second = world.states.get_activity_task(activityArn=activity)
    world.states.send_task_success(taskToken=second["taskToken"], output='{"n": 3}')

    assert (json.loads(first["input"]), json.loads(second["input"])) == ({"n": 1}, {"n": 2})
    assert world.output(execution) == {"n": 3}
    once = [
        "TaskStateEntered",
        "ActivityScheduled",
        "ActivityStarted",
        "ActivitySucceeded",
        "TaskStateExited",
    ]
    events = world.events(execution)
    assert one_after_another(events) == ["ExecutionStarted", *once, *once, "ExecutionSucceeded"]
    assert events[3]["activityStartedEventDetails"] == {"workerName": "me"}


def test_a_nested_execution_is_waited_for_and_not_started_twice(world: World) -> None:
    state = {**world.nested("held", hold=True), "OutputPath": "$.Output"}
    execution = world.start(chain(Nested=state))
    world.called("held")

    world.aws.restart()
    world.go()

    assert world.output(execution) == {"did": "held"}
    assert world.children() == ["SUCCEEDED"]


def test_a_stop_that_was_answered_stays(world: World) -> None:
    execution = world.start(chain(Rest={"Type": "Wait", "Seconds": 600}))
    world.states.stop_execution(executionArn=execution, error="Mine", cause="enough")
    world.aws.restart()

    found = world.states.describe_execution(executionArn=execution)
    assert (found["status"], found["error"], found["cause"]) == ("ABORTED", "Mine", "enough")


def test_an_orderly_stop_does_not_abort_what_runs(world: World) -> None:
    execution = world.start(chain(Held=world.task("held", hold=True)))
    world.called("held")
    world.aws.stop()
    world.go()
    world.aws.start()

    assert world.output(execution) == {"did": "held"}


def distributed(world: World) -> dict[str, Any]:
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        **chain(Work=world.item_task(hold=True)),
    }
    return chain(Each={"Type": "Map", "MaxConcurrency": 2, "ItemProcessor": processor})


def test_an_orderly_stop_loses_no_item_of_a_distributed_map(world: World) -> None:
    items = [f"item{number}" for number in range(20)]
    execution = world.start(distributed(world), items)
    world.called("item0")
    world.aws.stop()
    world.go()
    world.aws.start()

    assert world.output(execution) == [{"did": name} for name in items]


def test_a_distributed_map_that_is_stopped_begins_no_further_item(world: World) -> None:
    execution = world.start(distributed(world), [f"item{number}" for number in range(20)])
    world.called("item0")
    world.states.stop_execution(executionArn=execution)
    world.go()
    (run,) = world.states.list_map_runs(executionArn=execution)["mapRuns"]

    def children() -> list[str]:
        listed = world.states.list_executions(mapRunArn=run["mapRunArn"])["executions"]
        return [child["status"] for child in listed]

    eventually(lambda: "RUNNING" not in children(), "the end of the children")
    assert set(children()) == {"ABORTED"}
    assert len(children()) <= 2
    assert world.states.describe_map_run(mapRunArn=run["mapRunArn"])["status"] == "ABORTED"
    assert world.calls().keys() <= {"item0", "item1"}


@pytest.mark.parametrize("change", ["update", "delete"])
def test_an_execution_keeps_the_definition_it_was_started_with(world: World, change: str) -> None:
    definition = chain(Held=world.task("held", hold=True), Old={"Type": "Pass", "Result": "old"})
    execution = world.start(definition)
    machine = world.machine(definition)
    world.called("held")
    if change == "update":
        other = json.dumps(chain(New={"Type": "Pass", "Result": "new"}))
        world.states.update_state_machine(stateMachineArn=machine, definition=other)
    else:
        world.states.delete_state_machine(stateMachineArn=machine)

    world.aws.restart()
    world.go()

    assert world.output(execution) == "old"
    told = world.states.describe_state_machine_for_execution(executionArn=execution)
    assert json.loads(told["definition"]) == definition


def everything(world: World) -> dict[str, Any]:
    """A machine with every type of state."""
    retry = [{"ErrorEquals": ["ValueError"], "IntervalSeconds": 1, "MaxAttempts": 4, "BackoffRate": 1.0}]
    catch = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.caught", "Next": "Fork"}]
    items = {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 2, "ResultPath": "$.inline"}
    distributed = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    choice = {
        "Type": "Choice",
        "Choices": [{"Variable": "$.items[0]", "StringEquals": "x0", "Next": "Nested"}],
        "Default": "Lost",
    }
    nested = {**world.nested("nest"), "ResultPath": "$.nested", "ResultSelector": {"did.$": "$.Output.did"}}
    states = chain(
        Begin={"Type": "Pass", "Result": ["x0", "x1", "x2", "x3"], "ResultPath": "$.items"},
        Flaky=world.task("flaky", Retry=retry, ResultPath="$.flaky"),
        Bad=world.task("bad", Catch=catch, ResultPath="$.bad"),
        Fork={
            "Type": "Parallel",
            "Branches": [
                chain(L1=world.task("l1"), L2=world.task("l2")),
                chain(R={"Type": "Wait", "Seconds": 1}),
            ],
            "ResultSelector": {"left.$": "$[0]"},
            "ResultPath": "$.fork",
        },
        Inline={**items, "ItemProcessor": chain(I=world.item_task(), J={"Type": "Pass"})},
        Spread={
            **items,
            "ResultPath": "$.distributed",
            "ItemProcessor": {"ProcessorConfig": distributed, **chain(D=world.item_task())},
        },
        Ask=world.callback("ask", ResultPath="$.asked"),
        Which=choice,
    )
    del states["States"]["Which"]["End"]
    states["States"] |= {
        "Nested": {**nested, "Next": "Done"},
        "Lost": {"Type": "Fail", "Error": "Lost"},
        "Done": {"Type": "Succeed"},
    }
    return states


EVERYTHING = {
    "items": ["x0", "x1", "x2", "x3"],
    "flaky": {"did": "flaky"},
    "fork": {"left": {"did": "l2"}},
    "inline": [{"did": f"x{number}"} for number in range(4)],
    "distributed": [{"did": f"x{number}"} for number in range(4)],
    "asked": {"yes": True},
    "nested": {"did": "nest"},
}


def answer(world: World) -> None:
    """Give the machine's callback its outcome, as soon as it asks, and as often as it may have been lost."""
    token = world.files / "token-ask"
    if token.exists() and (text := token.read_text()):
        with contextlib.suppress(world.states.exceptions.TaskTimedOut):
            world.states.send_task_success(taskToken=text, output='{"yes": true}')


def running(world: World, execution: str) -> bool:
    described = world.states.describe_execution(executionArn=execution)
    return bool(described["status"] == "RUNNING")


def check_everything(world: World, execution: str) -> None:
    output = world.output(execution)
    caught = output.pop("caught")
    assert caught["Error"] == "ValueError"
    assert output == EVERYTHING
    types = Counter(one_after_another(world.events(execution)))
    for state, entered in {
        "Pass": 5,
        "Task": 10,
        "Wait": 1,
        "Parallel": 1,
        "Map": 2,
        "Choice": 1,
        "Succeed": 1,
    }.items():
        assert (state, types[f"{state}StateEntered"], types[f"{state}StateExited"]) == (
            state,
            entered,
            entered,
        )
    assert types["MapIterationSucceeded"] == types["MapIterationStarted"] == 4
    assert types["MapRunStarted"] == types["MapRunSucceeded"] == types["ParallelStateStarted"] == 1
    assert world.children() == ["SUCCEEDED"]


@pytest.mark.parametrize("first", FIRST_KILLS)
def test_killed_after_every_few_events_it_ends_as_if_undisturbed(world: World, first: int) -> None:
    """It dies at the moment when an event is written; all offsets together are every boundary there is."""
    world.fail("flaky", 2)
    world.fail("bad")
    machine = world.machine(everything(world))
    world.aws.stop()
    execution = machine.replace(":stateMachine:", ":execution:") + ":run"
    last, kills = first, 0
    world.aws.start(last, of=":run")
    with contextlib.suppress(BotoCoreError):
        world.states.start_execution(stateMachineArn=machine, name="run", input="{}")

    def over() -> bool:
        nonlocal last, kills
        if world.aws.dies():
            kills, last = kills + 1, last + EVENTS_BETWEEN_KILLS
            world.aws.kill()
            world.aws.start(last, of=":run")
        with contextlib.suppress(BotoCoreError):
            if not running(world, execution):
                return True
            answer(world)
        return False

    eventually(over, "the end", patience=300)

    check_everything(world, execution)
    assert kills == 5


def test_killed_at_random_it_ends_as_if_undisturbed(world: World) -> None:
    chance = random.Random(1)  # noqa: S311 - no secret
    world.fail("flaky", 2)
    world.fail("bad")
    execution = world.start(everything(world), {})
    for _ in range(6):
        time.sleep(chance.uniform(0.0, 0.6))
        answer(world)
        world.aws.restart()

    def over() -> bool:
        answer(world)
        return not running(world, execution)

    eventually(over, "the end", patience=300)

    check_everything(world, execution)
