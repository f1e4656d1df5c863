"""What the Amazon States Language does: one data file a behaviour, in cases/."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localaws import LocalAws
from tests.localaws.functions import make_function
from tests.localaws.waiting import eventually

CASES = sorted(path for path in (Path(__file__).parent / "cases").glob("*.json") if ".asl." not in path.name)
ROLE = "arn:aws:iam::123456789012:role/states"
OTHER = {
    "StartAt": "Mark",
    "States": {"Mark": {"Type": "Pass", "Result": True, "ResultPath": "$.other", "End": True}},
}


class World:
    """What definitions may refer to."""

    def __init__(self, aws: LocalAws) -> None:
        self.aws, self.states = aws, aws.client("stepfunctions")
        aws.client("s3").create_bucket(Bucket="cases")
        self.names = {
            "topic": aws.client("sns").create_topic(Name="cases")["TopicArn"],
            "queue": aws.client("sqs").create_queue(QueueName="cases")["QueueUrl"],
            "other": self.machine("other", json.dumps(OTHER)),
        }

    def machine(self, name: str, definition: str) -> str:
        made = self.states.create_state_machine(name=name, definition=definition, roleArn=ROLE)
        return str(made["stateMachineArn"])

    def run(self, name: str, case: dict[str, Any], definition: str) -> tuple[dict[str, Any], float]:
        """The execution's description at its end, and the seconds it took."""
        for function, source in case.get("functions", {}).items():
            arn = make_function(self.aws, f"{name}-{function}", source, Timeout=case.get("timeout", 20))
            definition = definition.replace(f"${{{function}}}", arn)
        for key, body in case.get("objects", {}).items():
            text = body if isinstance(body, str) else json.dumps(body)
            self.aws.client("s3").put_object(Bucket="cases", Key=key, Body=text.encode())
        for word, meaning in self.names.items():
            definition = definition.replace(f"${{{word}}}", meaning)
        machine = self.machine(name, definition)
        began = time.monotonic()
        execution = self.states.start_execution(
            stateMachineArn=machine, name=name, input=json.dumps(case["input"])
        )["executionArn"]

        def ended() -> dict[str, Any] | None:
            described: dict[str, Any] = self.states.describe_execution(executionArn=execution)
            return described if described["status"] != "RUNNING" else None

        return eventually(ended, "the execution's end"), time.monotonic() - began


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with LocalAws() as aws:
        yield World(aws)


def matches(wanted: Any, found: Any) -> bool:
    """Texts are patterns, objects may have more fields than are wanted."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(
            matches(value, found.get(key)) for key, value in wanted.items()
        )
    if isinstance(wanted, str):
        return isinstance(found, str) and re.search(wanted, found) is not None
    return bool(wanted == found)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path, world: World) -> None:
    case = json.loads(path.read_text())
    definition = (path.parent / case["definition"]).read_text()

    ended, seconds = world.run(path.stem, case, definition)

    assert ended["status"] == case.get("status", "SUCCEEDED"), ended
    if "output" in case:
        assert json.loads(ended["output"]) == case["output"]
    if "output_matches" in case:
        assert matches(case["output_matches"], json.loads(ended["output"])), ended["output"]
    if "error" in case:
        assert ended["error"] == case["error"]
    if "cause" in case:
        assert ended["cause"] == case["cause"]
    if "cause_matches" in case:
        assert re.search(case["cause_matches"], ended["cause"]), ended["cause"]
    if "mail" in case:
        assert any(vars_of(message) >= case["mail"].items() for message in world.aws.mailbox.messages())
    assert seconds >= case.get("takes_at_least", 0)
    assert ended["stopDate"] >= ended["startDate"]


def vars_of(message: Any) -> Any:
    return {"subject": message.subject, "body": message.body}.items()


def test_every_case_says_why_and_where_it_is_written() -> None:
    for path in CASES:
        case = json.loads(path.read_text())

        assert case["why"].endswith("."), path.name
        assert case["source"].startswith("https://"), path.name
        assert {"output", "output_matches", "status"} & case.keys(), path.name
