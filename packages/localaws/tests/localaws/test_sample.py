"""An ordinary SAM template of somebody's, deployed and run: nothing in localaws is made for one project."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localaws import Deployment, DeploymentFailed, LocalAws
from tests.localaws.waiting import eventually

SAMPLE = Path(__file__).parent / "sample"


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[LocalAws, Deployment]]:
    with LocalAws() as aws:
        yield aws, aws.deploy(SAMPLE / "template.yaml", "sample")


def executions(aws: LocalAws, deployment: Deployment) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = aws.client("stepfunctions").list_executions(
        stateMachineArn=deployment.outputs["StateMachine"]
    )["executions"]
    return found


def test_a_dropped_text_is_split_counted_and_announced(running: tuple[LocalAws, Deployment]) -> None:
    """S3 event, function with layer, state machine with Map over an image function, topic, queue, mailbox."""
    aws, deployment = running
    bucket = deployment.outputs["Bucket"]
    aws.client("s3").put_object(Bucket=bucket, Key="ignored.txt", Body=b"not below texts/")

    aws.client("s3").put_object(Bucket=bucket, Key="texts/a b.txt", Body=b"one two\n\nthree four five\n")

    def succeeded() -> dict[str, Any] | None:
        done = [found for found in executions(aws, deployment) if found["status"] != "RUNNING"]
        return done[0] if done else None

    execution = eventually(succeeded, "the end of the execution")
    assert execution["status"] == "SUCCEEDED"
    described = aws.client("stepfunctions").describe_execution(executionArn=execution["executionArn"])
    counts = [{"number": 0, "words": 2}, {"number": 1, "words": 3}]
    assert json.loads(described["output"])["key"] == "texts/a b.txt"
    assert json.loads(described["output"])["counts"] == counts
    (message,) = aws.mailbox.messages()
    assert (message.subject, json.loads(message.body)) == ("counted", counts)
    assert message.topic == deployment.outputs["Topic"]
    (received,) = aws.client("sqs").receive_message(QueueUrl=deployment.outputs["Queue"])["Messages"]
    assert json.loads(json.loads(received["Body"])["Message"]) == counts
    group = f"/aws/lambda/{deployment.outputs['SplitFunction']}"
    lines = [e["message"] for e in aws.client("logs").filter_log_events(logGroupName=group)["events"]]
    assert "splitting texts/a b.txt at stage test" in lines
    assert len(executions(aws, deployment)) == 1


def test_a_function_can_be_invoked_by_hand(running: tuple[LocalAws, Deployment]) -> None:
    aws, deployment = running

    invocation = aws.invoke(deployment.outputs["CountFunction"], b'{"number": 7, "line": "a b c"}')
    failed = aws.invoke(deployment.outputs["CountFunction"], b'{"number": 7}')

    assert json.loads(invocation.payload) == {"number": 7, "words": 3}
    assert (invocation.error, invocation.error_type) == (None, None)
    assert (failed.error, failed.error_type, failed.error_message) == ("Unhandled", "KeyError", "'line'")


def test_a_second_deployment_changes_only_what_changed(running: tuple[LocalAws, Deployment]) -> None:
    aws, before = running

    after = aws.deploy(SAMPLE / "template.yaml", "sample", {"Email": "somebody@example.com"})

    new = after.resources.keys() - before.resources.keys()
    assert new == {"DoneTopicEmail"}
    assert {name: after.resources[name] for name in before.resources} == dict(before.resources)


def changed(folder: Path, old: str, new: str) -> Path:
    """The sample, with a change to its template."""
    shutil.copytree(SAMPLE, folder / "sample")
    template = folder / "sample" / "template.yaml"
    text = template.read_text()
    assert old in text
    template.write_text(text.replace(old, new, 1))
    return template


def test_what_sam_refuses_is_told_with_its_logical_id(
    running: tuple[LocalAws, Deployment], tmp_path: Path
) -> None:
    template = changed(tmp_path, "Handler: app.handler", "Handlr: app.handler")

    with pytest.raises(DeploymentFailed, match=r"SplitFunction.*Handlr"):
        running[0].deploy(template, "other")


def test_an_api_is_refused_by_name(running: tuple[LocalAws, Deployment], tmp_path: Path) -> None:
    event = "      Events:\n        Web: {Type: HttpApi, Properties: {Path: /, Method: get}}\n"
    template = changed(tmp_path, "      Events:\n", event)

    with pytest.raises(DeploymentFailed, match="AWS::ApiGatewayV2::Api"):
        running[0].deploy(template, "other")
