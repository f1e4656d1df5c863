"""A SAM template's roles, as `sam deploy` would make them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localaws import Deployment, LocalAws
from tests.localaws.functions import invoke
from tests.localaws.waiting import eventually

TEMPLATE = Path(__file__).with_name("template.yaml")


@pytest.fixture(scope="module")
def shop() -> Iterator[tuple[LocalAws, Deployment]]:
    with LocalAws() as aws:
        deployed = aws.deploy(TEMPLATE, "shop")
        for key in ("open/a", "open/closed/a", "else/a"):
            aws.client("s3").put_object(Bucket="shop", Key=key, Body=b"text")
        yield aws, deployed


def run(aws: LocalAws, machine: str) -> dict[str, Any]:
    states = aws.client("stepfunctions")
    arn = states.start_execution(stateMachineArn=machine, input='{"read": "open/a"}')["executionArn"]

    def ended() -> dict[str, Any] | None:
        found: dict[str, Any] = states.describe_execution(executionArn=arn)
        return found if found["status"] != "RUNNING" else None

    return eventually(ended, "the end") or {}


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({"read": "open/a"}, None),
        ({"read": "else/a"}, "because no identity-based policy allows the s3:GetObject action"),
        ({"read": "open/closed/a"}, "with an explicit deny in an identity-based policy"),
        (
            {"read": "open/a", "write": "open/b"},
            "because no permissions boundary allows the s3:PutObject action",
        ),
    ],
)
def test_the_function_may_what_its_policies_say(
    shop: tuple[LocalAws, Deployment], event: dict[str, str], said: str | None
) -> None:
    answer = invoke(shop[0], "reader", event)

    if said is None:
        assert answer.payload == "text"
    else:
        assert answer.payload["errorMessage"].endswith(said)


def test_a_machine_runs_the_function_that_it_may_run(shop: tuple[LocalAws, Deployment]) -> None:
    aws, deployed = shop

    assert json.loads(run(aws, deployed.outputs["Allowed"])["output"]) == "text"
    forgotten = run(aws, deployed.outputs["Forgotten"])

    assert forgotten["error"] == "Lambda.AWSLambdaException"
    assert "because no identity-based policy allows the lambda:InvokeFunction action" in forgotten["cause"]
