"""EventBridge rules: events reach functions, state machines, topics and, as before, queues."""

import json
from pathlib import Path
from typing import Any

from localaws import LocalAws
from tests.localaws.cloudformation.templates import deploy
from tests.localaws.functions import make_function
from tests.localaws.policies import TO_ALL, trust
from tests.localaws.waiting import eventually

PATTERN = json.dumps({"source": ["shop"], "detail": {"kind": ["order"]}})
TOUCH = """
    import json, pathlib
    def handler(event, context):
        (pathlib.Path(event["detail"]["folder"]) / "event.json").write_text(json.dumps(event))
"""


def put(aws: LocalAws, **detail: Any) -> None:
    entry = {"Source": "shop", "DetailType": "sale", "Detail": json.dumps({"kind": "order", **detail})}
    assert aws.client("events").put_events(Entries=[entry])["FailedEntryCount"] == 0


def rule(aws: LocalAws, *targets: dict[str, Any], **settings: Any) -> None:
    events = aws.client("events")
    events.put_rule(Name="orders", EventPattern=PATTERN, **settings)
    events.put_targets(Rule="orders", Targets=[{"Id": str(n), **t} for n, t in enumerate(targets)])


def test_a_function_gets_the_event(aws: LocalAws, tmp_path: Path) -> None:
    rule(aws, {"Arn": make_function(aws, "f", TOUCH)})

    put(aws, folder=str(tmp_path))

    told = json.loads(eventually(lambda: _text(tmp_path / "event.json"), "the invocation"))
    assert (told["source"], told["detail-type"]) == ("shop", "sale")
    assert told["detail"]["kind"] == "order"
    assert told["time"].endswith("Z")


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def test_a_state_machine_starts_with_the_part_that_is_wanted(aws: LocalAws) -> None:
    states = aws.client("stepfunctions")
    iam = aws.client("iam")
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust("states"))["Role"]["Arn"]
    iam.attach_role_policy(RoleName="r", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    machine = states.create_state_machine(
        name="m",
        roleArn=role,
        definition=json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}),
    )["stateMachineArn"]
    rule(aws, {"Arn": machine, "RoleArn": role, "InputPath": "$.detail"})

    put(aws, n=1)

    (execution,) = eventually(
        lambda: states.list_executions(stateMachineArn=machine, statusFilter="SUCCEEDED")["executions"], "it"
    )
    described = states.describe_execution(executionArn=execution["executionArn"])
    assert json.loads(described["input"]) == {"kind": "order", "n": 1}


def test_topic_and_queue_both_get_theirs(aws: LocalAws) -> None:
    topic = aws.client("sns").create_topic(Name="t", Attributes={"Policy": TO_ALL})["TopicArn"]
    queue = aws.client("sqs").create_queue(QueueName="q", Attributes={"Policy": TO_ALL})["QueueUrl"]
    rule(aws, {"Arn": topic, "Input": '"fixed"'}, {"Arn": "arn:aws:sqs:us-east-1:123456789012:q"})

    put(aws)

    (message,) = eventually(aws.mailbox.messages, "the message")
    (received,) = aws.client("sqs").receive_message(QueueUrl=queue)["Messages"]
    assert message.body == '"fixed"'
    assert json.loads(received["Body"])["source"] == "shop"


def test_other_events_and_disabled_rules_reach_nobody(aws: LocalAws) -> None:
    queue = aws.client("sqs").create_queue(QueueName="q", Attributes={"Policy": TO_ALL})["QueueUrl"]
    target = {"Arn": "arn:aws:sqs:us-east-1:123456789012:q"}
    rule(aws, target)
    put(aws, kind="refund")
    rule(aws, target, State="DISABLED")
    put(aws)

    assert "Messages" not in aws.client("sqs").receive_message(QueueUrl=queue)


def test_a_buckets_events_come_over_the_default_bus(aws: LocalAws, tmp_path: Path) -> None:
    resources = {
        "Queue": {"Type": "AWS::SQS::Queue"},
        "QueuePolicy": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {"Queues": [{"Ref": "Queue"}], "PolicyDocument": json.loads(TO_ALL)},
        },
        "Bucket": {
            "Type": "AWS::S3::Bucket",
            "Properties": {
                "BucketName": "bucket",
                "NotificationConfiguration": {"EventBridgeConfiguration": {"EventBridgeEnabled": True}},
            },
        },
        "Rule": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "EventPattern": {"source": ["aws.s3"], "detail-type": ["Object Created"]},
                "Targets": [{"Id": "q", "Arn": {"Fn::GetAtt": ["Queue", "Arn"]}}],
            },
        },
    }
    made = deploy(aws, tmp_path, resources).resources

    aws.client("s3").put_object(Bucket="bucket", Key="k", Body=b"x")

    def received() -> list[Any]:
        return list(aws.client("sqs").receive_message(QueueUrl=made["Queue"]).get("Messages", ()))

    (message,) = eventually(received, "the event")
    assert json.loads(message["Body"])["detail"]["object"]["key"] == "k"
