"""Stacks: made whole or not at all, changed where something changed."""

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws import DeploymentFailed, LocalAws
from tests.localaws.cloudformation.templates import deploy

TOPIC: dict[str, Any] = {"Type": "AWS::SNS::Topic"}


def topics(aws: LocalAws) -> list[str]:
    return [topic["TopicArn"].rpartition(":")[2] for topic in aws.client("sns").list_topics()["Topics"]]


def test_an_unknown_type_fails_by_its_name_before_anything_is_made(aws: LocalAws, tmp_path: Path) -> None:
    with pytest.raises(DeploymentFailed) as failed:
        deploy(
            aws,
            tmp_path,
            {"Topic": TOPIC, "Card": {"Type": "AWS::FooBar::Card"}, "Net": {"Type": "AWS::EC2::VPC"}},
        )

    assert "AWS::FooBar::Card (logical id Card): is not supported by localaws" in str(failed.value)
    assert "AWS::EC2::VPC (logical id Net)" in str(failed.value)
    assert "nothing was created" in str(failed.value)
    assert topics(aws) == []
    assert aws.client("cloudformation").describe_stacks()["Stacks"] == []


def test_all_problems_are_told_at_once(aws: LocalAws, tmp_path: Path) -> None:
    resources = {
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"ReplicationConfiguration": {}}},
        "Topic": {
            "Type": "AWS::SNS::Topic",
            "DependsOn": "Gone",
            "Properties": {"DisplayName": {"Ref": "Nobody"}},
        },
        "Role": {"Type": "AWS::IAM::Role"},
        "Machine": {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {
                "RoleArn": "arn",
                "Definition": {"StartAt": "A", "States": {"A": {"Type": "Pass"}}},
            },
        },
    }

    with pytest.raises(DeploymentFailed) as failed:
        deploy(aws, tmp_path, resources, Outputs={"O": {"Value": {"Fn::GetAtt": ["Nothing", "Arn"]}}})

    told = [str(problem) for problem in failed.value.problems]
    assert told == [
        "AWS::S3::Bucket (logical id Bucket): property ReplicationConfiguration is not supported by "
        "localaws: leave it out",
        "AWS::SNS::Topic (logical id Topic): refers to 'Nobody', which is neither a parameter nor a resource",
        "AWS::SNS::Topic (logical id Topic): DependsOn names 'Gone', "
        "which is not a resource of this template",
        "AWS::IAM::Role (logical id Role): property AssumeRolePolicyDocument is required",
        "AWS::StepFunctions::StateMachine (logical id Machine): state 'A': "
        'needs either Next or "End": true',
        "output O: refers to 'Nothing', which is neither a parameter nor a resource",
    ]


def test_a_circle_of_dependencies_is_told(aws: LocalAws, tmp_path: Path) -> None:
    with pytest.raises(DeploymentFailed, match="circular dependency between A, B"):
        deploy(aws, tmp_path, {"A": {**TOPIC, "DependsOn": "B"}, "B": {**TOPIC, "DependsOn": "A"}})


def test_a_creation_that_fails_midway_leaves_nothing_and_can_be_repeated(
    aws: LocalAws, tmp_path: Path
) -> None:
    aws.client("s3").create_bucket(Bucket="taken")
    resources = {
        "Topic": TOPIC,
        "Bucket": {"Type": "AWS::S3::Bucket", "DependsOn": "Topic", "Properties": {}},
    }
    resources["Bucket"]["Properties"] = {"BucketName": "taken"}
    with pytest.raises(
        DeploymentFailed, match=r"AWS::S3::Bucket \(logical id Bucket\): bucket 'taken' already exists"
    ) as failed:
        deploy(aws, tmp_path, resources)
    assert "the resources that had been created were removed" in str(failed.value)
    assert topics(aws) == []

    resources["Bucket"]["Properties"] = {"BucketName": "free"}
    assert deploy(aws, tmp_path, resources).resources["Bucket"] == "free"


def test_an_update_changes_what_changed_adds_what_is_new_and_removes_what_is_gone(
    aws: LocalAws, tmp_path: Path
) -> None:
    first = deploy(aws, tmp_path, {"Kept": TOPIC, "Changed": TOPIC, "Gone": TOPIC})
    changed = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "changed"}}

    second = deploy(aws, tmp_path, {"Kept": TOPIC, "Changed": changed, "New": TOPIC})

    assert second.resources["Kept"] == first.resources["Kept"]
    assert second.resources["Changed"] == first.resources["Changed"]
    attributes = aws.client("sns").get_topic_attributes(TopicArn=second.resources["Changed"])["Attributes"]
    assert attributes["DisplayName"] == "changed"
    assert sorted(name.split("-")[1] for name in topics(aws)) == ["Changed", "Kept", "New"]


def test_a_changed_name_makes_a_new_resource_and_tells_who_refers_to_it(
    aws: LocalAws, tmp_path: Path
) -> None:
    def resources(name: str) -> dict[str, Any]:
        return {
            "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": name}},
            "Parameter": {
                "Type": "AWS::SSM::Parameter",
                "Properties": {"Name": "topic", "Type": "String", "Value": {"Ref": "Topic"}},
            },
        }

    deploy(aws, tmp_path, resources("old"))
    deploy(aws, tmp_path, resources("new"))

    assert topics(aws) == ["new"]
    value = aws.client("ssm").get_parameter(Name="topic")["Parameter"]["Value"]
    assert value == "arn:aws:sns:us-east-1:123456789012:new"


def test_a_failed_update_says_so_and_the_next_one_goes_on(aws: LocalAws, tmp_path: Path) -> None:
    aws.client("s3").create_bucket(Bucket="taken")
    deploy(aws, tmp_path, {"Topic": TOPIC})
    bucket: dict[str, Any] = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "taken"}}
    with pytest.raises(DeploymentFailed, match="deploy again to continue"):
        deploy(aws, tmp_path, {"Topic": TOPIC, "Bucket": bucket})

    bucket["Properties"] = {"BucketName": "free"}

    assert deploy(aws, tmp_path, {"Topic": TOPIC, "Bucket": bucket}).resources["Bucket"] == "free"


def test_an_update_with_problems_changes_nothing(aws: LocalAws, tmp_path: Path) -> None:
    deploy(aws, tmp_path, {"Topic": TOPIC})

    with pytest.raises(DeploymentFailed, match="AWS::FooBar::Card"):
        deploy(aws, tmp_path, {"New": TOPIC, "Card": {"Type": "AWS::FooBar::Card"}})

    assert [name.split("-")[1] for name in topics(aws)] == ["Topic"]
    (stack,) = aws.client("cloudformation").describe_stacks()["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"


def test_parameters_conditions_and_outputs(aws: LocalAws, tmp_path: Path) -> None:
    sections = {
        "Parameters": {
            "Stage": {"Type": "String", "Default": "test", "AllowedValues": ["test", "live"]},
            "Name": {"Type": "String"},
        },
        "Conditions": {"IsLive": {"Fn::Equals": [{"Ref": "Stage"}, "live"]}},
        "Outputs": {
            "Live": {"Condition": "IsLive", "Value": {"Ref": "Live"}},
            "Stage": {"Value": {"Fn::Sub": "${Stage}-${AWS::Region}-${Always.TopicName}"}},
        },
    }
    resources = {
        "Always": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Ref": "Name"}}},
        "Live": {"Type": "AWS::SNS::Topic", "Condition": "IsLive"},
    }

    test = deploy(aws, tmp_path, resources, {"Name": "n"}, **sections)
    live = deploy(aws, tmp_path, resources, {"Stage": "live"}, **sections)  # Name keeps its value

    assert test.outputs == {"Stage": "test-us-east-1-n"}
    assert "Live" not in test.resources
    assert live.outputs["Stage"] == "live-us-east-1-n"
    assert live.outputs["Live"] == live.resources["Live"]


def test_what_a_condition_leaves_out_need_not_be_supported(aws: LocalAws, tmp_path: Path) -> None:
    sections = {
        "Parameters": {"Stage": {"Type": "String", "Default": "test"}},
        "Conditions": {"IsLive": {"Fn::Equals": [{"Ref": "Stage"}, "live"]}},
    }
    topic = {"Type": "AWS::SNS::Topic", "Condition": "IsLive", "Properties": {"Card": "gold"}}
    resources = {"Topic": TOPIC, "Card": {"Type": "AWS::FooBar::Card", "Condition": "IsLive"}, "Odd": topic}

    made = deploy(aws, tmp_path, resources, **sections)

    assert list(made.resources) == ["Topic"]
    with pytest.raises(DeploymentFailed) as failed:
        deploy(aws, tmp_path, resources, {"Stage": "live"}, **sections)
    assert "AWS::FooBar::Card" in str(failed.value)
    assert "property Card is not supported" in str(failed.value)


def test_bad_parameters_are_told_together(aws: LocalAws, tmp_path: Path) -> None:
    declared = {"Stage": {"Type": "String", "AllowedValues": ["test", "live"]}, "Size": {"Type": "Number"}}

    with pytest.raises(DeploymentFailed) as failed:
        deploy(aws, tmp_path, {"T": TOPIC}, {"Stage": "prod", "Colour": "red"}, Parameters=declared)

    assert [str(problem) for problem in failed.value.problems] == [
        "parameter Colour: is not declared under Parameters (declared: Stage, Size)",
        "parameter Stage: is 'prod', and must be one of test, live",
        "parameter Size: has no default and was not given",
    ]


def test_exports_reach_other_stacks(aws: LocalAws, tmp_path: Path) -> None:
    deploy(
        aws,
        tmp_path,
        {"Topic": TOPIC},
        stack="one",
        Outputs={"Topic": {"Value": {"Ref": "Topic"}, "Export": {"Name": "the-topic"}}},
    )

    other = deploy(
        aws, tmp_path, {"T": TOPIC}, stack="two", Outputs={"O": {"Value": {"Fn::ImportValue": "the-topic"}}}
    )

    assert other.outputs["O"].startswith("arn:aws:sns:us-east-1:123456789012:one-Topic-")


def test_a_retained_resource_survives_its_stack(aws: LocalAws, tmp_path: Path) -> None:
    deploy(aws, tmp_path, {"Kept": {**TOPIC, "DeletionPolicy": "Retain"}, "Gone": TOPIC})

    aws.client("cloudformation").delete_stack(StackName="stack")

    assert [name.split("-")[1] for name in topics(aws)] == ["Kept"]


def test_the_api_tells_what_deploy_did(aws: LocalAws, tmp_path: Path) -> None:
    deployment = deploy(aws, tmp_path, {"Topic": TOPIC}, Outputs={"Topic": {"Value": {"Ref": "Topic"}}})
    cloudformation = aws.client("cloudformation")

    (stack,) = cloudformation.describe_stacks(StackName="stack")["Stacks"]
    resources = cloudformation.describe_stack_resources(StackName="stack")["StackResources"]
    events = cloudformation.describe_stack_events(StackName="stack")["StackEvents"]

    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert stack["Outputs"][0]["OutputValue"] == deployment.outputs["Topic"]
    assert [(r["LogicalResourceId"], r["PhysicalResourceId"], r["ResourceType"]) for r in resources] == [
        ("Topic", deployment.resources["Topic"], "AWS::SNS::Topic")
    ]
    assert {event["LogicalResourceId"] for event in events} >= {"Topic", "stack"}


def test_the_api_deploys_as_deploy_does(aws: LocalAws) -> None:
    cloudformation = aws.client("cloudformation")
    body = (
        "Resources: {Topic: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: !Sub '${AWS::StackName}!'}}}"
    )

    cloudformation.create_stack(StackName="api", TemplateBody=body)
    cloudformation.update_stack(StackName="api", TemplateBody=body.replace("!'", "?'"))

    (topic,) = aws.client("sns").list_topics()["Topics"]
    attributes = aws.client("sns").get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]
    assert attributes["DisplayName"] == "api?"
    with pytest.raises(ClientError, match="AWS::FooBar::Card"):
        cloudformation.create_stack(StackName="b", TemplateBody="Resources: {C: {Type: 'AWS::FooBar::Card'}}")


def test_change_sets_make_stacks_as_sam_deploy_does(aws: LocalAws) -> None:
    cloudformation = aws.client("cloudformation")
    body = "Resources: {Topic: {Type: 'AWS::SNS::Topic'}}"

    cloudformation.create_change_set(
        StackName="s", ChangeSetName="first", ChangeSetType="CREATE", TemplateBody=body
    )
    changes = cloudformation.describe_change_set(StackName="s", ChangeSetName="first")["Changes"]
    cloudformation.execute_change_set(StackName="s", ChangeSetName="first")

    assert [change["ResourceChange"]["Action"] for change in changes] == ["Add"]
    assert len(topics(aws)) == 1
    assert cloudformation.describe_stacks(StackName="s")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"


def test_a_template_that_is_none_is_told_with_its_place(aws: LocalAws, tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    path.write_text("Resources:\n  A: [\n")

    with pytest.raises(DeploymentFailed, match="line 3"):
        aws.deploy(path, "s")
    with pytest.raises(FileNotFoundError, match="no template"):
        aws.deploy(tmp_path / "missing.yaml", "s")


def test_another_transform_than_sam_is_refused(aws: LocalAws, tmp_path: Path) -> None:
    with pytest.raises(DeploymentFailed, match="AWS::LanguageExtensions is not supported"):
        deploy(aws, tmp_path, {"T": TOPIC}, Transform=["AWS::LanguageExtensions"])
