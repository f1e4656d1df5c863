"""What goes on is told to whoever listens, and only what is worth a word."""

import json
import urllib.request
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from localaws import Activity, LocalAws
from localaws.activity_lines import lines
from localaws.patching import replaced
from tests.localaws.waiting import eventually

SAMPLE = Path(__file__).parent / "sample" / "template.yaml"
FAILING = """
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: "sts:AssumeRole"}]
  Function:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: broken
      Runtime: python3.12
      Handler: index.handler
      Role: !GetAtt Role.Arn
      Code:
        ZipFile: |
          def handler(event, context):
              return inner(event)
          def inner(event):
              raise ValueError(f"no {event['x']}")
"""


@pytest.fixture
def told() -> list[Activity]:
    return []


def test_an_upload_is_followed_from_the_request_to_the_end_of_its_execution(told: list[Activity]) -> None:
    with LocalAws(on_activity=told.append) as aws:
        bucket = aws.deploy(SAMPLE, "s").outputs["Bucket"]
        told.clear()
        aws.client("s3").put_object(Bucket=bucket, Key="texts/a b.txt", Body=b"one two\n")
        eventually(lambda: [one for one in told if one.what == "ended"], "the end of the execution")
        aws.client("s3").list_objects_v2(Bucket=bucket)
        aws.client("s3").get_object(Bucket=bucket, Key="texts/a b.txt")

    put, delivery, started, *_ = [one for one in told if one.what != "StartExecution"]
    (ended,) = (one for one in told if one.what == "ended")
    states = [(one.what, one.state) for one in told if one.kind == "state" and not one.nested]
    nested = [one for one in told if one.nested]
    assert (put.what, put.where, put.size) == ("PutObject", f"s3://{bucket}/texts/a b.txt", 8)
    assert (delivery.kind, delivery.what) == ("delivery", "ObjectCreated:Put")
    assert delivery.where == put.where
    assert delivery.function.startswith("s-SplitFunction-")
    assert (started.kind, started.what, ended.where) == ("execution", "started", started.where)
    assert states == [
        ("entered", "CountLines"),
        ("left", "CountLines"),
        ("entered", "Publish"),
        ("left", "Publish"),
    ]
    assert {(one.what, one.state) for one in nested} == {("entered", "CountLine"), ("left", "CountLine")}
    assert [line for one in nested for line in lines(one)] == []
    assert ended.outcome == "SUCCEEDED"
    assert ended.seconds is not None
    assert ended.seconds > 0
    assert not [one.what for one in told if one.what in ("ListObjectsV2", "GetObject", "DescribeExecution")]


def test_a_handler_that_fails_is_told_with_its_traceback(told: list[Activity], tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(FAILING)

    with LocalAws(on_activity=told.append) as aws:
        aws.deploy(tmp_path / "template.yaml", "s")
        aws.client("lambda").invoke(FunctionName="broken", Payload=json.dumps({"x": "such \x1b[31mthing"}))

    (failed,) = (one for one in told if one.kind == "function")
    assert (failed.function, failed.outcome) == ("broken", "ValueError")
    assert "in inner" in failed.detail
    shown = lines(failed)
    assert shown[0].endswith("handler FAILED       broken  ValueError")
    assert shown[-1].endswith(r"ValueError: no such \x1b[31mthing")


def test_a_refused_change_is_told_with_its_code(told: list[Activity]) -> None:
    with LocalAws(on_activity=told.append) as aws:
        for service, operation, parameters in (
            ("s3", "put_object", {"Bucket": "nowhere", "Key": "x", "Body": b""}),
            ("glue", "create_table", {"DatabaseName": "nowhere", "TableInput": {"Name": "t"}}),
            ("sns", "publish", {"TopicArn": "arn:aws:sns:us-east-1:123456789012:t", "Message": "secret"}),
        ):
            with pytest.raises(ClientError):
                getattr(aws.client(service), operation)(**parameters)

    assert [(one.what, one.where, one.outcome) for one in told] == [
        ("PutObject", "s3://nowhere/x", "NoSuchBucket"),
        ("CreateTable", "nowhere/t", "EntityNotFoundException"),
        ("Publish", "t", "NotFound"),
    ]
    assert "secret" not in str(told)


def test_a_listener_that_fails_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def fail(activity: Activity) -> None:
        raise RuntimeError(activity.what)

    with LocalAws(on_activity=fail) as aws:
        aws.client("s3").create_bucket(Bucket="mine")
        names = [bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]]

    assert names == ["mine"]
    assert "the listener of activities failed" in caplog.text


def test_nothing_is_watched_while_nobody_listens(aws: LocalAws) -> None:
    assert not [name for name in replaced() if name.endswith("CommonStateField.eval")]


def test_health_is_told_without_a_signature(aws: LocalAws) -> None:
    with urllib.request.urlopen(f"{aws.endpoint}/_localaws/health") as answer:  # noqa: S310 - our own
        told = json.loads(answer.read())

    assert answer.headers["Content-Type"] == "application/json"
    assert told == {
        "status": "ok",
        "version": told["version"],
        "region": "us-east-1",
        "account": "123456789012",
        "stacks": {},
    }
