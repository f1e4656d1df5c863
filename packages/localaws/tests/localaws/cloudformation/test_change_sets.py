"""Change sets, asked for as ``sam deploy`` and ``aws cloudformation deploy`` ask."""

import time
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError

from localaws import LocalAws

ONE = """
Parameters:
  Name: {Type: String, Default: first}
Resources:
  Topic: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: !Ref Name}}
"""
TWO = ONE + "  Queue: {Type: 'AWS::SQS::Queue'}\n"
FAST = {"Delay": 1, "MaxAttempts": 5}


def made(aws: LocalAws, stack: str, body: str, **given: Any) -> dict[str, Any]:
    """A change set as both clients make one: of the kind that the stack's state asks for."""
    cloudformation = aws.client("cloudformation")
    kind = "CREATE"
    try:
        (known,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
        kind = "CREATE" if known["StackStatus"] == "REVIEW_IN_PROGRESS" else "UPDATE"
    except ClientError as error:
        if f"Stack with id {stack} does not exist" not in str(error):
            raise
    if kind == "UPDATE":
        cloudformation.get_template_summary(StackName=stack)
    change_set: dict[str, Any] = cloudformation.create_change_set(
        StackName=stack,
        ChangeSetName=f"deploy{time.monotonic_ns()}",
        ChangeSetType=kind,
        TemplateBody=body,
        Capabilities=["CAPABILITY_IAM"],
        **given,
    )
    return change_set


def described(aws: LocalAws, change_set: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = aws.client("cloudformation").describe_change_set(
        ChangeSetName=change_set["Id"], StackName=change_set["StackId"]
    )
    return answer


def deploy(aws: LocalAws, stack: str, body: str, **given: Any) -> list[tuple[str, str]]:
    """Make and execute a change set; what it said that it would do."""
    cloudformation = aws.client("cloudformation")
    change_set = made(aws, stack, body, **given)
    names = {"ChangeSetName": change_set["Id"], "StackName": stack}
    cloudformation.get_waiter("change_set_create_complete").wait(**names, WaiterConfig=FAST)
    changes = [change["ResourceChange"] for change in described(aws, change_set)["Changes"]]
    cloudformation.execute_change_set(**names, DisableRollback=False)
    return [(change["Action"], change["LogicalResourceId"]) for change in changes]


def status(aws: LocalAws, stack: str) -> str:
    return str(aws.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"])


def test_a_stack_is_made_and_changed(aws: LocalAws) -> None:
    first = deploy(aws, "s", TWO)
    aws.client("cloudformation").get_waiter("stack_create_complete").wait(StackName="s", WaiterConfig=FAST)
    second = deploy(aws, "s", ONE, Parameters=[{"ParameterKey": "Name", "ParameterValue": "second"}])

    assert first == [("Add", "Topic"), ("Add", "Queue")]
    assert second == [("Modify", "Topic"), ("Remove", "Queue")]
    assert status(aws, "s") == "UPDATE_COMPLETE"
    assert aws.client("sqs").list_queues().get("QueueUrls", []) == []


def test_what_changes_nothing_is_said_in_the_words_that_clients_know(aws: LocalAws) -> None:
    deploy(aws, "s", ONE, Parameters=[{"ParameterKey": "Name", "ParameterValue": "mine"}])
    again = made(aws, "s", ONE, Parameters=[{"ParameterKey": "Name", "UsePreviousValue": True}])
    changed = made(aws, "s", ONE, Tags=[{"Key": "team", "Value": "b"}])

    answer = described(aws, again)

    assert (answer["Status"], answer["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert answer["StatusReason"].startswith("The submitted information didn't contain changes.")
    assert described(aws, changed)["Status"] == "CREATE_COMPLETE"
    with pytest.raises(
        ClientError, match=r"InvalidChangeSetStatus.*cannot be executed in its current status"
    ):
        aws.client("cloudformation").execute_change_set(ChangeSetName=again["Id"], StackName="s")


def test_a_template_with_problems_makes_a_failed_change_set_that_lists_them_all(aws: LocalAws) -> None:
    body = "Resources: {Card: {Type: 'AWS::FooBar::Card'}, Topic: {Type: 'AWS::SNS::Topic', DependsOn: Gone}}"

    change_set = made(aws, "s", body)

    answer = described(aws, change_set)
    assert answer["Status"] == "FAILED"
    assert "AWS::FooBar::Card (logical id Card): is not supported by localaws" in answer["StatusReason"]
    assert "DependsOn names 'Gone'" in answer["StatusReason"]
    assert status(aws, "s") == "REVIEW_IN_PROGRESS"
    with pytest.raises(WaiterError, match="FAILED"):
        aws.client("cloudformation").get_waiter("change_set_create_complete").wait(
            ChangeSetName=change_set["Id"], WaiterConfig=FAST
        )
    assert deploy(aws, "s", ONE) == [("Add", "Topic")]  # once it is fixed, the same stack goes on
    assert len(aws.client("cloudformation").describe_stacks()["Stacks"]) == 1


def test_a_resource_that_fails_is_told_by_status_and_events(aws: LocalAws) -> None:
    aws.client("s3").create_bucket(Bucket="taken")
    body = ONE + "  Bucket: {Type: 'AWS::S3::Bucket', Properties: {BucketName: taken}}\n"

    deploy(aws, "new", body)
    deploy(aws, "old", ONE)
    deploy(aws, "old", body)

    assert status(aws, "new") == "ROLLBACK_COMPLETE"
    assert status(aws, "old") == "UPDATE_FAILED"
    for stack in ("new", "old"):
        events = aws.client("cloudformation").describe_stack_events(StackName=stack)["StackEvents"]
        told = {(event["LogicalResourceId"], event["ResourceStatus"]): event for event in events}
        assert "taken" in told["Bucket", "CREATE_FAILED"]["ResourceStatusReason"]
        assert events[0]["LogicalResourceId"] == stack  # the last word is the stack's own
        assert "taken" in events[0]["ResourceStatusReason"]
    with pytest.raises(ClientError, match="ROLLBACK_COMPLETE state and can not be updated"):
        made(aws, "new", ONE)


def test_change_sets_of_one_name_belong_to_their_stacks(aws: LocalAws) -> None:
    """SAM calls the first change set of each of its own stacks InitialCreation."""
    cloudformation = aws.client("cloudformation")
    for stack, body in (("a", ONE), ("b", TWO)):
        cloudformation.create_change_set(
            StackName=stack, ChangeSetName="InitialCreation", ChangeSetType="CREATE", TemplateBody=body
        )

    for stack in ("a", "b"):
        cloudformation.execute_change_set(StackName=stack, ChangeSetName="InitialCreation")

    assert len(cloudformation.describe_stack_resources(StackName="a")["StackResources"]) == 1
    assert len(cloudformation.describe_stack_resources(StackName="b")["StackResources"]) == 2
    (summary,) = cloudformation.list_change_sets(StackName="b")["Summaries"]
    assert (summary["StackName"], summary["ExecutionStatus"]) == ("b", "EXECUTE_COMPLETE")


def test_one_that_is_not_executed_can_be_deleted_and_is_then_unknown(aws: LocalAws) -> None:
    cloudformation = aws.client("cloudformation")
    change_set = made(aws, "s", ONE)

    cloudformation.delete_change_set(ChangeSetName=change_set["Id"], StackName="s")

    for call in (cloudformation.describe_change_set, cloudformation.execute_change_set):
        with pytest.raises(cloudformation.exceptions.ChangeSetNotFoundException, match="does not exist"):
            call(ChangeSetName=change_set["Id"], StackName="s")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"StackName": "none", "ChangeSetType": "UPDATE"}, r"Stack \[none\] does not exist"),
        ({"StackName": "s", "ChangeSetType": "CREATE"}, "already exists and cannot be created again"),
        ({"StackName": "s", "TemplateBody": "Resources: ["}, "Template format error"),
        (
            {"StackName": "x", "ChangeSetType": "CREATE", "TemplateBody": "Resources: ["},
            "Template format error",
        ),
        ({"StackName": "s", "ChangeSetType": "IMPORT"}, "IMPORT is not supported by localaws"),
    ],
)
def test_what_cannot_become_a_change_set_is_refused(
    aws: LocalAws, given: dict[str, str], message: str
) -> None:
    deploy(aws, "s", ONE)

    with pytest.raises(ClientError, match=message) as refused:
        aws.client("cloudformation").create_change_set(
            **{"ChangeSetName": "c", "TemplateBody": TWO, "ChangeSetType": "UPDATE", **given}
        )

    assert refused.value.response["Error"]["Code"] == "ValidationError"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert [stack["StackName"] for stack in aws.client("cloudformation").describe_stacks()["Stacks"]] == ["s"]


def test_a_stack_that_cannot_be_removed_stays_and_can_be_deleted_again(aws: LocalAws) -> None:
    cloudformation, s3 = aws.client("cloudformation"), aws.client("s3")
    deploy(aws, "s", ONE + "  Bucket: {Type: 'AWS::S3::Bucket', Properties: {BucketName: full}}\n")
    s3.put_object(Bucket="full", Key="k", Body=b"")

    cloudformation.delete_stack(StackName="s")

    assert status(aws, "s") == "DELETE_FAILED"
    assert (
        "BucketNotEmpty"
        in cloudformation.describe_stack_events(StackName="s")["StackEvents"][0]["ResourceStatusReason"]
    )
    s3.delete_object(Bucket="full", Key="k")
    cloudformation.delete_stack(StackName="s")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="s", WaiterConfig=FAST)
    assert s3.list_buckets()["Buckets"] == []


def test_a_change_set_survives_a_stop(tmp_path: Path) -> None:
    with LocalAws(state=tmp_path) as aws:
        deploy(aws, "s", ONE)
        change_set = made(aws, "s", TWO)

    with LocalAws(state=tmp_path) as aws:
        assert described(aws, change_set)["ExecutionStatus"] == "AVAILABLE"
        aws.client("cloudformation").execute_change_set(ChangeSetName=change_set["Id"], StackName="s")
        assert len(aws.client("sqs").list_queues()["QueueUrls"]) == 1
        assert status(aws, "s") == "UPDATE_COMPLETE"
        assert aws.client("cloudformation").describe_stack_resources(StackName="s")["StackResources"][0]
