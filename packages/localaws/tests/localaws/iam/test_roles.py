"""Deployed roles, enforced: real functions and machines that may do what their policies say and no more."""

import json
from pathlib import Path
from textwrap import dedent
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from localaws import DeploymentFailed, LocalAws
from tests.localaws.functions import invoke, make_function
from tests.localaws.policies import TO_ALL, trust
from tests.localaws.waiting import eventually

CALL = """
    import boto3
    def handler(event, context):
        client = boto3.client(event["service"])
        try:
            answer = getattr(client, event["call"])(**event["with"])
        except client.exceptions.ClientError as error:
            found = error.response
            return {"code": found["Error"]["Code"], "message": found["Error"].get("Message"),
                    "status": found["ResponseMetadata"]["HTTPStatusCode"]}
        answer.pop("ResponseMetadata")
        if "Body" in answer:
            answer["Body"] = answer["Body"].read().decode()
        return {"answer": {key: str(value) for key, value in answer.items()}}
"""
ACCOUNT = "123456789012"


def statement(*actions: str, on: Any = "*", effect: str = "Allow", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": list(actions), "Resource": on, **more}


def role(aws: LocalAws, name: str, *statements: dict[str, Any], service: str = "lambda", **more: Any) -> str:
    """A role that a service assumes, with one inline policy; its ARN."""
    iam = aws.client("iam")
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(service), **more)["Role"]["Arn"]
    if statements:
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=document)
    return str(arn)


class Caller:
    """A function ``f`` that makes one call as its role ``worker``."""

    def __init__(self, aws: LocalAws, *statements: dict[str, Any], **more: Any) -> None:
        self.aws = aws
        make_function(aws, "f", CALL, Role=role(aws, "worker", *statements, **more))

    def __call__(self, service: str, call: str, **parameters: Any) -> dict[str, Any]:
        answer = invoke(self.aws, "f", {"service": service, "call": call, "with": parameters})
        assert answer.error is None, answer.payload
        found: dict[str, Any] = answer.payload
        return found


def denied(action: str, resource: str, why: str | None = None, session: str = "worker/f") -> str:
    return (
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/{session} is not authorized to perform: {action} on "
        f"resource: {resource} {why or f'because no identity-based policy allows the {action} action'}"
    )


@pytest.fixture
def bucket(aws: LocalAws) -> str:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="shop")
    for key in ("train/a", "secret/a"):
        s3.put_object(Bucket="shop", Key=key, Body=b"text")
    return "shop"


def client(aws: LocalAws, service: str, keys: dict[str, Any]) -> Any:
    return boto3.client(
        service,
        endpoint_url=aws.endpoint,
        region_name=aws.region,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys.get("SessionToken"),
    )


def test_a_function_is_a_session_of_its_role(aws: LocalAws) -> None:
    call = Caller(aws)

    who = call("sts", "get_caller_identity")["answer"]

    assert who["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/f"
    assert who["Account"] == ACCOUNT
    assert who["UserId"].endswith(":f")


def test_a_function_reads_the_one_prefix_that_it_may(aws: LocalAws, bucket: str) -> None:
    call = Caller(aws, statement("s3:GetObject", on="arn:aws:s3:::shop/train/*"))

    assert call("s3", "get_object", Bucket=bucket, Key="train/a")["answer"]["Body"] == "text"
    refused = call("s3", "get_object", Bucket=bucket, Key="secret/a")
    written = call("s3", "put_object", Bucket=bucket, Key="train/b", Body="x")

    assert (refused["code"], refused["status"]) == ("AccessDenied", 403)
    assert refused["message"] == denied("s3:GetObject", '"arn:aws:s3:::shop/secret/a"')
    assert written["message"] == denied("s3:PutObject", '"arn:aws:s3:::shop/train/b"')


def test_a_missing_object_is_only_missing_to_who_may_list(aws: LocalAws, bucket: str) -> None:
    call = Caller(aws, statement("s3:GetObject", on="arn:aws:s3:::shop/*"))
    assert call("s3", "get_object", Bucket=bucket, Key="none")["message"] == denied(
        "s3:ListBucket", '"arn:aws:s3:::shop"'
    )
    assert call("s3", "head_object", Bucket=bucket, Key="none")["code"] == "403"

    allow = {"Version": "2012-10-17", "Statement": [statement("s3:ListBucket", on="arn:aws:s3:::shop")]}
    aws.client("iam").put_role_policy(RoleName="worker", PolicyName="list", PolicyDocument=json.dumps(allow))

    assert call("s3", "get_object", Bucket=bucket, Key="none")["code"] == "NoSuchKey"
    assert call("s3", "head_object", Bucket=bucket, Key="none")["code"] == "404"


def test_only_the_listed_prefix_is_listed(aws: LocalAws, bucket: str) -> None:
    wanted = {"StringLike": {"s3:prefix": ["train/*"]}}
    call = Caller(aws, statement("s3:ListBucket", on="arn:aws:s3:::shop", Condition=wanted))

    assert "train/a" in call("s3", "list_objects_v2", Bucket=bucket, Prefix="train/")["answer"]["Contents"]
    assert call("s3", "list_objects_v2", Bucket=bucket)["code"] == "AccessDenied"
    assert call("s3", "list_objects_v2", Bucket=bucket, Prefix="secret/")["code"] == "AccessDenied"


def test_a_copy_needs_both_ends(aws: LocalAws, bucket: str) -> None:
    call = Caller(
        aws,
        statement("s3:GetObject", on="arn:aws:s3:::shop/train/*"),
        statement("s3:PutObject", on="arn:aws:s3:::shop/copies/*"),
    )

    def copy(source: str, to: str) -> dict[str, Any]:
        return call("s3", "copy_object", Bucket=bucket, Key=to, CopySource=f"{bucket}/{source}")

    assert "answer" in copy("train/a", "copies/a")
    assert copy("secret/a", "copies/b")["message"] == denied("s3:GetObject", '"arn:aws:s3:::shop/secret/a"')
    assert copy("train/a", "other/a")["message"] == denied("s3:PutObject", '"arn:aws:s3:::shop/other/a"')


def test_of_several_keys_those_are_deleted_that_may_be(aws: LocalAws, bucket: str) -> None:
    call = Caller(aws, statement("s3:DeleteObject", on="arn:aws:s3:::shop/train/*"))

    keys = [{"Key": "train/a"}, {"Key": "secret/a"}]
    answer = call("s3", "delete_objects", Bucket=bucket, Delete={"Objects": keys})["answer"]

    left = [found["Key"] for found in aws.client("s3").list_objects_v2(Bucket=bucket)["Contents"]]
    assert left == ["secret/a"]
    assert "'secret/a'" in answer["Errors"]
    assert "AccessDenied" in answer["Errors"]
    assert "'train/a'" in answer["Deleted"]


def test_a_denial_wins(aws: LocalAws, bucket: str) -> None:
    call = Caller(
        aws, statement("s3:*"), statement("s3:GetObject", on="arn:aws:s3:::*/secret/*", effect="Deny")
    )

    assert "answer" in call("s3", "get_object", Bucket=bucket, Key="train/a")
    assert call("s3", "get_object", Bucket=bucket, Key="secret/a")["message"] == denied(
        "s3:GetObject", '"arn:aws:s3:::shop/secret/a"', "with an explicit deny in an identity-based policy"
    )


def test_a_boundary_bounds(aws: LocalAws, bucket: str) -> None:
    iam = aws.client("iam")
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement("s3:ListBucket")]})
    arn = iam.create_policy(PolicyName="bound", PolicyDocument=document)["Policy"]["Arn"]
    call = Caller(aws, statement("s3:*"), PermissionsBoundary=arn)

    assert "answer" in call("s3", "list_objects_v2", Bucket=bucket)
    assert call("s3", "get_object", Bucket=bucket, Key="train/a")["message"] == denied(
        "s3:GetObject",
        '"arn:aws:s3:::shop/train/a"',
        "because no permissions boundary allows the s3:GetObject action",
    )


QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:q"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:t"
MACHINE = f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:m"
CATALOG = f"arn:aws:glue:us-east-1:{ACCOUNT}:catalog"
# Service, call, parameters; code, status and what is denied.
DENIED: list[tuple[str, str, dict[str, Any], str, int, tuple[str, str]]] = [
    ("sns", "publish", {"TopicArn": TOPIC, "Message": "x"}, "AuthorizationError", 403,
     ("sns:Publish", TOPIC)),
    ("sqs", "send_message", {"MessageBody": "x"}, "AccessDenied", 403, ("sqs:SendMessage", QUEUE)),
    ("stepfunctions", "start_execution", {"stateMachineArn": MACHINE}, "AccessDeniedException", 400,
     ("states:StartExecution", MACHINE)),
    ("lambda", "invoke", {"FunctionName": "f"}, "AccessDeniedException", 403,
     ("lambda:InvokeFunction", f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f")),
    ("lambda", "get_function", {"FunctionName": "f"}, "AccessDeniedException", 403,
     ("lambda:GetFunction", f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f")),
    ("glue", "get_table", {"DatabaseName": "d", "Name": "t"}, "AccessDeniedException", 400,
     ("glue:GetTable", CATALOG)),
    ("events", "put_events", {"Entries": [{"Source": "s", "DetailType": "d", "Detail": "{}"}]},
     "AccessDeniedException", 400,
     ("events:PutEvents", f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default")),
    ("logs", "put_log_events",
     {"logGroupName": "g", "logStreamName": "s", "logEvents": [{"timestamp": 1, "message": "m"}]},
     "AccessDeniedException", 400,
     ("logs:PutLogEvents", f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:g:log-stream:s")),
    ("cloudwatch", "put_metric_data", {"Namespace": "N", "MetricData": [{"MetricName": "m", "Value": 1}]},
     "AccessDenied", 403, ("cloudwatch:PutMetricData", "*")),
    ("ssm", "get_parameter", {"Name": "/a/b"}, "AccessDeniedException", 400,
     ("ssm:GetParameter", f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/a/b")),
    ("dynamodb", "get_item", {"TableName": "t", "Key": {"id": {"S": "1"}}}, "AccessDeniedException", 400,
     ("dynamodb:GetItem", f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/t")),
    ("athena", "start_query_execution", {"QueryString": "SELECT 1"}, "AccessDeniedException", 400,
     ("athena:StartQueryExecution", f"arn:aws:athena:us-east-1:{ACCOUNT}:workgroup/primary")),
    ("iam", "create_user", {"UserName": "u"}, "AccessDenied", 403,
     ("iam:CreateUser", f"arn:aws:iam::{ACCOUNT}:user/u")),
    ("ec2", "describe_instances", {}, "AccessDeniedException", 400, ("ec2:DescribeInstances", "*")),
]  # fmt: skip


def test_every_service_says_it_in_its_own_way(aws: LocalAws) -> None:
    url = aws.client("sqs").create_queue(QueueName="q")["QueueUrl"]
    aws.client("sns").create_topic(Name="t")
    call = Caller(aws)

    for service, name, parameters, code, status, (action, resource) in DENIED:
        wanted = {"QueueUrl": url} if service == "sqs" else {}
        found = call(service, name, **wanted, **parameters)

        assert (found.get("code"), found.get("status")) == (code, status), (service, name, found)
        assert found["message"] == denied(action, resource), (service, name)


def test_a_topics_policy_lets_a_role_publish(aws: LocalAws) -> None:
    call = Caller(aws)
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/worker"},
                "Action": "sns:Publish",
                "Resource": TOPIC,
            }
        ],
    }
    aws.client("sns").create_topic(Name="t", Attributes={"Policy": json.dumps(policy)})

    assert "answer" in call("sns", "publish", TopicArn=TOPIC, Message="x")
    assert call("sns", "delete_topic", TopicArn=TOPIC)["code"] == "AuthorizationError"


def test_passing_a_role_needs_its_own_permission(aws: LocalAws) -> None:
    other = role(aws, "other", service="states")
    call = Caller(aws, statement("states:*"))
    definition = '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}'

    found = call("stepfunctions", "create_state_machine", name="m", roleArn=other, definition=definition)

    assert found["message"] == denied("iam:PassRole", other)


def test_a_log_is_kept_when_the_role_lets_it(aws: LocalAws) -> None:
    make_function(aws, "silent", "def handler(event, context): print('here')", Role=role(aws, "silent"))
    arn = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/lambda/loud:*"
    logging = role(
        aws, "loud", statement("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", on=arn)
    )
    make_function(aws, "loud", "def handler(event, context): print('here')", Role=logging)

    invoke(aws, "silent")
    invoke(aws, "loud")

    groups = aws.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/")["logGroups"]
    assert [group["logGroupName"] for group in groups if group["storedBytes"]] == ["/aws/lambda/loud"]


def test_an_event_source_must_be_readable(aws: LocalAws) -> None:
    aws.client("sqs").create_queue(QueueName="q")
    Caller(aws, statement("sqs:DeleteMessage", "sqs:GetQueueAttributes", on=QUEUE))

    with pytest.raises(ClientError, match="does not have permissions to call ReceiveMessage on SQS"):
        aws.client("lambda").create_event_source_mapping(EventSourceArn=QUEUE, FunctionName="f")


def test_everybody_else_is_the_administrator(aws: LocalAws, bucket: str) -> None:
    s3 = client(aws, "s3", {"AccessKeyId": "test", "SecretAccessKey": "test"})

    assert s3.get_object(Bucket=bucket, Key="secret/a")["Body"].read() == b"text"


def test_a_user_has_the_permissions_of_user_and_groups(aws: LocalAws, bucket: str) -> None:
    iam = aws.client("iam")
    iam.create_user(UserName="ann")
    iam.create_group(GroupName="readers")
    iam.add_user_to_group(GroupName="readers", UserName="ann")
    own = json.dumps(
        {"Version": "2012-10-17", "Statement": [statement("s3:*", on="arn:aws:s3:::shop/${aws:username}/*")]}
    )
    iam.put_group_policy(GroupName="readers", PolicyName="own", PolicyDocument=own)
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    s3 = client(aws, "s3", key)

    s3.put_object(Bucket=bucket, Key="ann/a", Body=b"x")
    with pytest.raises(ClientError, match=f"User: arn:aws:iam::{ACCOUNT}:user/ann is not authorized"):
        s3.put_object(Bucket=bucket, Key="bob/a", Body=b"x")

    iam.update_access_key(UserName="ann", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        s3.put_object(Bucket=bucket, Key="ann/a", Body=b"x")


@pytest.mark.parametrize("team", ["a", "b"])
def test_tags_of_users_and_roles_count(aws: LocalAws, bucket: str, team: str) -> None:
    iam = aws.client("iam")
    own = statement("s3:GetObject", on="arn:aws:s3:::shop/*", effect="Allow")
    own["Condition"] = {"StringEquals": {"aws:PrincipalTag/Team": "a"}}
    document = json.dumps({"Version": "2012-10-17", "Statement": [own]})
    iam.create_user(UserName="ann", Tags=[{"Key": "Team", "Value": team}])
    iam.put_user_policy(UserName="ann", PolicyName="own", PolicyDocument=document)
    call = Caller(aws, own, Tags=[{"Key": "Team", "Value": team}])
    s3 = client(aws, "s3", iam.create_access_key(UserName="ann")["AccessKey"])

    found = call("s3", "get_object", Bucket=bucket, Key="train/a")

    if team == "a":
        assert found["answer"]["Body"] == "text"
        assert s3.get_object(Bucket=bucket, Key="train/a")["Body"].read() == b"text"
    else:
        assert found["code"] == "AccessDenied"
        with pytest.raises(ClientError, match="AccessDenied"):
            s3.get_object(Bucket=bucket, Key="train/a")


def test_an_assumed_role_is_enforced_and_must_trust(aws: LocalAws, bucket: str) -> None:
    iam, sts = aws.client("iam"), aws.client("sts")
    arn = role(aws, "reader", statement("s3:GetObject", on="arn:aws:s3:::shop/train/*"))
    with pytest.raises(ClientError, match=f"is not authorized to perform: sts:AssumeRole on resource: {arn}"):
        sts.assume_role(RoleArn=arn, RoleSessionName="me")

    trusted = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
    document = {"Version": "2012-10-17", "Statement": [trusted]}
    iam.update_assume_role_policy(RoleName="reader", PolicyDocument=json.dumps(document))
    keys = sts.assume_role(RoleArn=arn, RoleSessionName="me")["Credentials"]
    s3 = client(aws, "s3", keys)

    who = client(aws, "sts", keys).get_caller_identity()["Arn"]
    assert who == f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/me"
    assert s3.get_object(Bucket=bucket, Key="train/a")["Body"].read() == b"text"
    with pytest.raises(ClientError) as refused:
        s3.get_object(Bucket=bucket, Key="secret/a")
    assert refused.value.response["Error"]["Message"] == denied(
        "s3:GetObject", '"arn:aws:s3:::shop/secret/a"', session="reader/me"
    )


def machine(aws: LocalAws, definition: dict[str, Any], *statements: dict[str, Any]) -> str:
    made = aws.client("stepfunctions").create_state_machine(
        name="m",
        definition=json.dumps(definition),
        roleArn=role(aws, "machine", *statements, service="states"),
    )
    return str(made["stateMachineArn"])


def run(aws: LocalAws, arn: str, given: Any = None) -> dict[str, Any]:
    states = aws.client("stepfunctions")
    started = states.start_execution(stateMachineArn=arn, input=json.dumps(given or {}))["executionArn"]

    def ended() -> Any:
        found = states.describe_execution(executionArn=started)
        return found if found["status"] != "RUNNING" else None

    found: dict[str, Any] = eventually(ended, "the end")
    return found


def test_a_machine_without_the_permission_to_invoke(aws: LocalAws) -> None:
    arn = make_function(aws, "f", "def handler(event, context): return 1")
    for resource in (arn, "arn:aws:states:::lambda:invoke"):
        task = {"Type": "Task", "Resource": resource, "End": True}
        if resource != arn:
            task["Parameters"] = {"FunctionName": "f"}
        made = machine(aws, {"StartAt": "A", "States": {"A": task}})

        execution = run(aws, made)

        assert execution["error"] == "Lambda.AWSLambdaException"
        assert execution["cause"].startswith(
            denied("lambda:InvokeFunction", arn, session="machine/StepFunctions")
            + " (Service: AWSLambda; Status Code: 403; Error Code: AccessDeniedException; Request ID: "
        )
        aws.client("stepfunctions").delete_state_machine(stateMachineArn=made)
        aws.client("iam").delete_role(RoleName="machine")


def test_a_machines_calls_are_its_roles(aws: LocalAws, bucket: str) -> None:
    definition = {
        "StartAt": "Read",
        "States": {
            "Read": {
                "Type": "Task",
                "Resource": "arn:aws:states:::aws-sdk:s3:getObject",
                "Parameters": {"Bucket": bucket, "Key.$": "$.key"},
                "ResultSelector": {"body.$": "$.Body"},
                "End": True,
            }
        },
    }
    made = machine(aws, definition, statement("s3:GetObject", on="arn:aws:s3:::shop/train/*"))

    assert json.loads(run(aws, made, {"key": "train/a"})["output"]) == {"body": "text"}
    execution = run(aws, made, {"key": "secret/a"})

    assert execution["error"].startswith("S3.")
    assert execution["cause"].startswith(
        denied("s3:GetObject", '"arn:aws:s3:::shop/secret/a"', session="machine/StepFunctions")
    )


def test_a_token_stands_for_its_machine(aws: LocalAws) -> None:
    Caller(aws, statement("states:SendTaskSuccess", on=MACHINE))
    answer = {"taskToken.$": "$$.Task.Token", "output": '"told"'}
    payload = {"service": "stepfunctions", "call": "send_task_success", "with": answer}
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {"FunctionName": "f", "Payload": payload},
        "TimeoutSeconds": 60,
        "End": True,
    }
    made = machine(aws, {"StartAt": "A", "States": {"A": task}}, statement("lambda:InvokeFunction"))

    assert json.loads(run(aws, made)["output"]) == "told"


def test_a_role_that_trusts_nobody_is_refused(aws: LocalAws) -> None:
    states_role = role(aws, "of-states", service="states")
    lambda_role = role(aws, "of-lambda")

    with pytest.raises(ClientError, match="cannot be assumed by Lambda"):
        make_function(aws, "f", "", Role=states_role)
    with pytest.raises(ClientError, match="is authorized to assume the provided role"):
        aws.client("stepfunctions").create_state_machine(
            name="m", definition='{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}', roleArn=lambda_role
        )


@pytest.mark.parametrize("kind", ["function", "queue", "topic"])
def test_a_buckets_event_needs_the_receivers_permission(
    aws: LocalAws, tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    s3, sqs, sns = aws.client("s3"), aws.client("sqs"), aws.client("sns")
    arn = {"queue": QUEUE, "topic": TOPIC}.get(kind, f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f")
    source = "import pathlib\ndef handler(event, context): pathlib.Path({!r}).touch()".format(
        str(tmp_path / "came")
    )
    make_function(aws, "f", source)
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    sns.create_topic(Name="t")
    aws.client("lambda").remove_permission(FunctionName="f", StatementId="s3")
    s3.create_bucket(Bucket="shop")
    key, name = {"function": ("LambdaFunction", "LambdaFunctionArn"), "queue": ("Queue", "QueueArn")}.get(
        kind, ("Topic", "TopicArn")
    )
    configured = {f"{key}Configurations": [{name: arn, "Events": ["s3:ObjectCreated:*"]}]}
    s3.put_bucket_notification_configuration(Bucket="shop", NotificationConfiguration=configured)

    def came() -> bool:
        """Not the test event, which S3 sends when the notification is set up."""
        if kind == "function":
            return (tmp_path / "came").exists()
        if kind == "topic":
            return any("Records" in message.body for message in aws.mailbox.messages())
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", ())
        return any("Records" in message["Body"] for message in found)

    s3.put_object(Bucket="shop", Key="a", Body=b"x")
    assert f"s3://shop/a to {arn} is not sent: User: s3.amazonaws.com is not authorized" in caplog.text
    assert not came()

    source_is_the_bucket = {
        "ArnLike": {"aws:SourceArn": "arn:aws:s3:::shop"},
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
    }
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": ["sqs:SendMessage", "sns:Publish"],
        "Resource": arn,
        "Condition": source_is_the_bucket,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    if kind == "function":
        aws.client("lambda").add_permission(
            FunctionName="f",
            StatementId="one",
            Action="lambda:InvokeFunction",
            Principal="s3.amazonaws.com",
            SourceArn="arn:aws:s3:::shop",
            SourceAccount=ACCOUNT,
        )
    elif kind == "queue":
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    else:
        sns.set_topic_attributes(TopicArn=TOPIC, AttributeName="Policy", AttributeValue=policy)
    s3.put_object(Bucket="shop", Key="b", Body=b"x")

    eventually(came, "the event")


def test_a_topic_needs_its_subscribers_permission(aws: LocalAws, caplog: pytest.LogCaptureFixture) -> None:
    sns, sqs = aws.client("sns"), aws.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    sns.create_topic(Name="t")
    sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=QUEUE)

    sns.publish(TopicArn=TOPIC, Message="one")
    assert "is not delivered: User: sns.amazonaws.com is not authorized" in caplog.text
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": TO_ALL})
    sns.publish(TopicArn=TOPIC, Message="two")

    (message,) = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert json.loads(message["Body"])["Message"] == "two"


def test_a_rules_target_needs_a_role_that_may(aws: LocalAws, caplog: pytest.LogCaptureFixture) -> None:
    made = machine(aws, {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})
    sender = role(aws, "sender", service="events")
    events, states = aws.client("events"), aws.client("stepfunctions")
    events.put_rule(Name="r", EventPattern='{"source": ["shop"]}')
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": made, "RoleArn": sender}])
    entry = {"Source": "shop", "DetailType": "d", "Detail": "{}"}

    events.put_events(Entries=[entry])
    assert denied("states:StartExecution", made, session="sender/events") in caplog.text
    document = json.dumps(
        {"Version": "2012-10-17", "Statement": [statement("states:StartExecution", on=made)]}
    )
    aws.client("iam").put_role_policy(RoleName="sender", PolicyName="p", PolicyDocument=document)
    events.put_events(Entries=[entry])

    assert len(eventually(lambda: states.list_executions(stateMachineArn=made)["executions"], "it")) == 1


def test_a_query_reads_what_its_caller_may(aws: LocalAws, bucket: str) -> None:
    glue, s3 = aws.client("glue"), aws.client("s3")
    s3.put_object(Bucket=bucket, Key="table/a.json", Body=b'{"n": 7}')
    glue.create_database(DatabaseInput={"Name": "d"})
    serde = "org.openx.data.jsonserde.JsonSerDe"
    storage = {
        "Columns": [{"Name": "n", "Type": "int"}],
        "Location": "s3://shop/table/",
        "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
        "SerdeInfo": {"SerializationLibrary": serde},
    }
    glue.create_table(DatabaseName="d", TableInput={"Name": "t", "StorageDescriptor": storage})
    base = f"arn:aws:glue:us-east-1:{ACCOUNT}"
    catalog = [f"{base}:catalog", f"{base}:database/d", f"{base}:table/d/t"]
    statements = [
        statement("athena:*"),
        statement("glue:GetDatabase", "glue:GetTable", "glue:GetPartitions", on=catalog),
        statement("s3:ListBucket", "s3:GetBucketLocation", on="arn:aws:s3:::shop"),
        statement("s3:GetObject", "s3:PutObject", on="arn:aws:s3:::shop/results/*"),
        statement("s3:GetObject", on="arn:aws:s3:::shop/table/*"),
    ]
    call = Caller(aws, *statements)

    def status() -> dict[str, Any]:
        started = call(
            "athena",
            "start_query_execution",
            QueryString="SELECT n FROM d.t",
            ResultConfiguration={"OutputLocation": "s3://shop/results/"},
        )["answer"]["QueryExecutionId"]

        def ended() -> Any:
            found = aws.client("athena").get_query_execution(QueryExecutionId=started)["QueryExecution"]
            return found["Status"] if found["Status"]["State"] in {"SUCCEEDED", "FAILED"} else None

        found: dict[str, Any] = eventually(ended, "the query's end")
        if found["State"] == "SUCCEEDED":
            rows = call("athena", "get_query_results", QueryExecutionId=started)["answer"]["ResultSet"]
            assert "'7'" in rows
        return found

    assert status()["State"] == "SUCCEEDED"
    for number, resource in (
        (1, f"{base}:catalog"),
        (3, '"arn:aws:s3:::shop/results/'),
        (4, '"arn:aws:s3:::shop/table/a.json"'),
    ):
        kept = [each for at, each in enumerate(statements) if at != number]
        aws.client("iam").put_role_policy(
            RoleName="worker",
            PolicyName="inline",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": kept}),
        )
        found = status()
        assert found["State"] == "FAILED"
        assert "assumed-role/worker/f is not authorized to perform: " in found["StateChangeReason"]
        assert resource in found["StateChangeReason"]


def test_a_policy_that_cannot_be_decided_by_is_refused_by_name(aws: LocalAws) -> None:
    role(aws, "worker")
    document = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [statement("ec2:*", Condition={"StringEquals": {"ec2:Region": "us-east-1"}})],
        }
    )

    with pytest.raises(ClientError, match="condition key ec2:Region is not supported by localaws"):
        aws.client("iam").put_role_policy(RoleName="worker", PolicyName="p", PolicyDocument=document)


def test_of_aws_own_policies_what_cannot_be_decided_allows_nothing(
    aws: LocalAws, caplog: pytest.LogCaptureFixture
) -> None:
    call = Caller(aws)
    glue = "arn:aws:iam::aws:policy/service-role/AWSGlueServiceRole"
    aws.client("iam").attach_role_policy(RoleName="worker", PolicyArn=glue)

    assert "answer" in call("glue", "get_databases")
    assert call("ec2", "create_tags", Resources=["i-1"], Tags=[])["code"] == "AccessDeniedException"
    assert f"{glue}: these statements allow nothing: statement 5: condition key aws:TagKeys" in caplog.text


def test_a_template_with_such_a_policy_is_refused_by_name(aws: LocalAws, tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    template.write_text(
        dedent("""
            Resources:
              Role:
                Type: AWS::IAM::Role
                Properties:
                  AssumeRolePolicyDocument:
                    Version: "2012-10-17"
                    Statement:
                      Effect: Allow
                      Principal: {Service: lambda.amazonaws.com}
                      Action: sts:AssumeRole
                  Policies:
                    - PolicyName: p
                      PolicyDocument:
                        Version: "2012-10-17"
                        Statement:
                          Effect: Allow
                          Action: s3:GetObject
                          Resource: "*"
                          Condition: {StringEquals: {"s3:ExistingObjectTag/team": a}}
        """)
    )

    with pytest.raises(DeploymentFailed, match="condition key s3:ExistingObjectTag/team is not supported"):
        aws.deploy(template, "stack")


def test_without_iam_roles_may_do_everything() -> None:
    with LocalAws(iam=False) as aws:
        aws.client("s3").create_bucket(Bucket="shop")
        call = Caller(aws)

        assert "answer" in call("s3", "put_object", Bucket="shop", Key="k", Body="x")
        assert call("sts", "get_caller_identity")["answer"]["Arn"].endswith(":assumed-role/worker/f")
