"""Asynchronous invocations: retried, and then recorded where the function says."""

import json
from pathlib import Path
from typing import Any

import pytest

from localaws import LocalAws
from tests.localaws.functions import invoke, make_function
from tests.localaws.waiting import eventually

FAILS_UNTIL = """
    import pathlib
    def handler(event, context):
        calls = pathlib.Path(event["folder"])
        (calls / context.aws_request_id).touch()
        if len(list(calls.iterdir())) < event["succeeds_at"]:
            raise RuntimeError("not yet")
"""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries follow at once."""
    monkeypatch.setattr("localaws.lambda_.invoker._RETRY_SECONDS", (0.0, 0.0))


def received(aws: LocalAws, url: str) -> dict[str, Any]:
    def look() -> list[Any]:
        return list(aws.client("sqs").receive_message(QueueUrl=url).get("Messages", ()))

    (message,) = eventually(look, "a message")
    body: dict[str, Any] = json.loads(message["Body"])
    return body


def queue(aws: LocalAws) -> tuple[str, str]:
    url = aws.client("sqs").create_queue(QueueName="q")["QueueUrl"]
    return url, "arn:aws:sqs:us-east-1:123456789012:q"


def test_an_event_is_accepted_at_once_and_handled_later(aws: LocalAws, tmp_path: Path) -> None:
    make_function(aws, "f", FAILS_UNTIL)

    answer = invoke(aws, "f", {"folder": str(tmp_path), "succeeds_at": 1}, InvocationType="Event")

    assert answer.raw["StatusCode"] == 202
    eventually(lambda: list(tmp_path.iterdir()), "the invocation")


def test_a_failure_is_retried_twice_and_its_record_goes_to_the_destination(
    aws: LocalAws, tmp_path: Path
) -> None:
    make_function(aws, "f", FAILS_UNTIL)
    url, arn = queue(aws)
    aws.client("lambda").put_function_event_invoke_config(
        FunctionName="f", DestinationConfig={"OnFailure": {"Destination": arn}}
    )

    event = {"folder": str(tmp_path), "succeeds_at": 99}
    invoke(aws, "f", event, InvocationType="Event")

    record = received(aws, url)
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 3
    assert record["requestPayload"] == event
    assert record["responsePayload"]["errorMessage"] == "not yet"
    assert len(list(tmp_path.iterdir())) == 3


def test_a_success_at_the_second_attempt_is_a_success(aws: LocalAws, tmp_path: Path) -> None:
    make_function(aws, "f", FAILS_UNTIL)
    url, arn = queue(aws)
    aws.client("lambda").put_function_event_invoke_config(
        FunctionName="f", DestinationConfig={"OnSuccess": {"Destination": arn}}
    )

    invoke(aws, "f", {"folder": str(tmp_path), "succeeds_at": 2}, InvocationType="Event")

    assert received(aws, url)["requestContext"]["approximateInvokeCount"] == 2


def test_no_retries_when_the_function_wants_none(aws: LocalAws, tmp_path: Path) -> None:
    make_function(aws, "f", FAILS_UNTIL)
    url, arn = queue(aws)
    aws.client("lambda").put_function_event_invoke_config(
        FunctionName="f", MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": arn}}
    )

    invoke(aws, "f", {"folder": str(tmp_path), "succeeds_at": 99}, InvocationType="Event")

    assert received(aws, url)["requestContext"]["approximateInvokeCount"] == 1


def test_an_event_that_failed_for_good_is_logged(
    aws: LocalAws, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make_function(aws, "f", FAILS_UNTIL)

    invoke(aws, "f", {"folder": str(tmp_path), "succeeds_at": 99}, InvocationType="Event")

    eventually(lambda: "f failed: RuntimeError: not yet" in caplog.text, "the log entry")


def test_a_topic_invokes_its_functions_after_the_publish(aws: LocalAws, tmp_path: Path) -> None:
    source = """
        import pathlib
        def handler(event, context):
            pathlib.Path(event["Records"][0]["Sns"]["Message"]).touch()
    """
    arn = make_function(aws, "f", source)
    sns = aws.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)

    sns.publish(TopicArn=topic, Message=str(tmp_path / "told"))

    eventually((tmp_path / "told").exists, "the invocation")


def test_a_queue_feeds_its_function(aws: LocalAws, tmp_path: Path) -> None:
    source = """
        import pathlib
        def handler(event, context):
            pathlib.Path(event["Records"][0]["body"]).touch()
    """
    make_function(aws, "f", source)
    url, arn = queue(aws)
    aws.client("lambda").create_event_source_mapping(EventSourceArn=arn, FunctionName="f", BatchSize=1)

    aws.client("sqs").send_message(QueueUrl=url, MessageBody=str(tmp_path / "told"))

    eventually((tmp_path / "told").exists, "the invocation")
    attributes = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessages"] == "0"
