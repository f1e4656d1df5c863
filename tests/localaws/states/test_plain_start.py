"""A start that is answered without moto's web application is what moto would make of it."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws import LocalAws, application
from localaws.aws_session import make_client
from tests.localaws.waiting import eventually

PASS = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
OF_ONE_ANSWER = {"date", "x-amzn-requestid", "content-length", "server"}


@pytest.fixture
def machine(aws: LocalAws) -> str:
    made = aws.client("stepfunctions").create_state_machine(
        name="m", definition=PASS, roleArn="arn:aws:iam::000000000000:role/r"
    )
    return str(made["stateMachineArn"])


def started(states: Any, **given: Any) -> tuple[dict[str, str], dict[str, Any]]:
    """Headers of the answer, and the execution once it has ended."""
    answer = states.start_execution(**given)
    arn = answer["executionArn"]

    def ended() -> Any:
        described = states.describe_execution(executionArn=arn)
        return described if described["status"] != "RUNNING" else None

    described = eventually(ended, "the end")
    assert described["startDate"] == answer["startDate"]
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    told = {"status", "input", "output", "stateMachineArn"}
    return (
        {name: value for name, value in headers.items() if name not in OF_ONE_ANSWER},
        {name: described[name] for name in told},
    )


@pytest.mark.parametrize("given", [{}, {"input": '{"a": "é"}'}], ids=["without input", "with input"])
def test_the_answer_is_moto_s(
    aws: LocalAws, machine: str, given: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    states = aws.client("stepfunctions")
    answered: list[bool] = []
    plain_start = application.plain_start

    def noted(environ: Any, start_response: Any) -> Any:
        blocks = plain_start(environ, start_response)
        if environ["HTTP_X_AMZ_TARGET"].endswith(".StartExecution"):
            answered.append(blocks is not None)
        return blocks

    monkeypatch.setattr(application, "plain_start", noted)
    plain = started(states, stateMachineArn=machine, **given)
    monkeypatch.setattr(application, "plain_start", lambda *_: None)
    of_moto = started(states, stateMachineArn=machine, **given)

    assert answered == [True]
    assert plain == of_moto


def test_what_is_refused_is_refused_as_moto_does(aws: LocalAws, machine: str) -> None:
    states = aws.client("stepfunctions")
    states.start_execution(stateMachineArn=machine, name="one", input='{"a": 1}')
    for given, code in (
        ({"stateMachineArn": machine, "name": "one", "input": '{"a": 2}'}, "ExecutionAlreadyExists"),
        ({"stateMachineArn": machine + "x"}, "StateMachineDoesNotExist"),
        ({"stateMachineArn": "nonsense"}, "InvalidArn"),
        ({"stateMachineArn": machine, "input": "{"}, "InvalidExecutionInput"),
        ({"stateMachineArn": machine, "name": "a b"}, "InvalidName"),
    ):
        with pytest.raises(ClientError) as refused:
            states.start_execution(**given)
        assert refused.value.response["Error"]["Code"] == code

    elsewhere = make_client("stepfunctions", aws.endpoint, "eu-west-1")
    with pytest.raises(elsewhere.exceptions.StateMachineDoesNotExist):
        elsewhere.start_execution(stateMachineArn=machine)
