"""Resource types: made with what the template says, changed in place, removed."""

import json
from pathlib import Path
from typing import Any

import pytest

from localaws import LocalAws
from localaws.cloudformation.resources import RESOURCE_TYPES
from tests.localaws.cloudformation.templates import deploy
from tests.localaws.functions import invoke
from tests.localaws.policies import TO_ALL

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": ["lambda.amazonaws.com", "states.amazonaws.com"]},
            "Action": "sts:AssumeRole",
        }
    ],
}
ALLOW = {"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
ROLE: dict[str, Any] = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}}


def function(code: str, **properties: Any) -> dict[str, Any]:
    made = {
        "Runtime": "python3.12",
        "Handler": "index.handler",
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Code": {"ZipFile": code},
    }
    return {"Type": "AWS::Lambda::Function", "Properties": {**made, **properties}}


def test_every_type_says_what_it_honours_and_what_does_no_harm() -> None:
    for name, kind in RESOURCE_TYPES.items():
        assert name == kind.name
        assert not kind.honoured & kind.harmless, name
        assert kind.required <= kind.honoured | kind.harmless, name
        assert kind.replacing <= kind.honoured | kind.harmless, name
        assert kind.named_by is None or kind.named_by in kind.honoured, name


def test_a_bucket_with_its_settings(aws: LocalAws, tmp_path: Path) -> None:
    bucket: dict[str, Any] = {
        "Type": "AWS::S3::Bucket",
        "Properties": {
            "BucketName": "bucket",
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [
                    {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
                ]
            },
            "LifecycleConfiguration": {
                "Rules": [
                    {
                        "Id": "old",
                        "Status": "Enabled",
                        "Prefix": "history/",
                        "ExpirationInDays": 30,
                        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
                        "NoncurrentVersionExpiration": {"NoncurrentDays": 7},
                    }
                ]
            },
            "PublicAccessBlockConfiguration": {"BlockPublicAcls": "true", "BlockPublicPolicy": True},
            "VersioningConfiguration": {"Status": "Enabled"},
            "CorsConfiguration": {
                "CorsRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"], "MaxAge": 60}]
            },
            "Tags": [{"Key": "a", "Value": "b"}],
        },
    }
    deploy(aws, tmp_path, {"Bucket": bucket})
    s3 = aws.client("s3")

    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket="bucket")["Rules"]
    assert rule["Expiration"] == {"Days": 30}
    assert rule["Filter"] == {"Prefix": "history/"}
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert s3.get_bucket_versioning(Bucket="bucket")["Status"] == "Enabled"
    assert s3.get_public_access_block(Bucket="bucket")["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": False,
        "RestrictPublicBuckets": False,
    }
    assert s3.get_bucket_tagging(Bucket="bucket")["TagSet"] == [{"Key": "a", "Value": "b"}]
    assert s3.get_bucket_encryption(Bucket="bucket")["ServerSideEncryptionConfiguration"]["Rules"]
    assert s3.get_bucket_cors(Bucket="bucket")["CORSRules"][0]["MaxAgeSeconds"] == 60

    del bucket["Properties"]["LifecycleConfiguration"]
    deploy(aws, tmp_path, {"Bucket": bucket})
    with pytest.raises(s3.exceptions.ClientError, match="NoSuchLifecycleConfiguration"):
        s3.get_bucket_lifecycle_configuration(Bucket="bucket")


def test_a_function_runs_its_inline_code_and_its_update(aws: LocalAws, tmp_path: Path) -> None:
    code = "import os\ndef handler(event, context): return os.environ.get('WHO')"
    who = {"Environment": {"Variables": {"WHO": True}}}
    name = deploy(aws, tmp_path, {"Role": ROLE, "F": function(code, **who)}).resources["F"]
    assert invoke(aws, name).payload == "true"

    deploy(aws, tmp_path, {"Role": ROLE, "F": function("def handler(event, context): return 'new'")})
    assert invoke(aws, name).payload == "new"

    deploy(aws, tmp_path, {"Role": ROLE})
    assert aws.client("lambda").list_functions()["Functions"] == []


def test_a_functions_log_group_and_dead_letters_go_where_it_says(aws: LocalAws, tmp_path: Path) -> None:
    resources = {
        "Role": ROLE,
        "Logging": {
            "Type": "AWS::IAM::Policy",
            "Properties": {
                "PolicyName": "logs",
                "Roles": [{"Ref": "Role"}],
                "PolicyDocument": {
                    "Statement": {
                        "Effect": "Allow",
                        "Action": "logs:*",
                        "Resource": {"Fn::GetAtt": ["Logs", "Arn"]},
                    }
                },
            },
        },
        "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "mine", "RetentionInDays": 3}},
        "F": function(
            "def handler(event, context): print('here')", LoggingConfig={"LogGroup": {"Ref": "Logs"}}
        ),
    }
    name = deploy(aws, tmp_path, resources).resources["F"]

    invoke(aws, name)

    events = aws.client("logs").filter_log_events(logGroupName="mine")["events"]
    assert "here" in [event["message"] for event in events]


def test_versions_and_aliases_are_what_they_were(aws: LocalAws, tmp_path: Path) -> None:
    def resources(answer: str, version: str) -> dict[str, Any]:
        return {
            "Role": ROLE,
            "F": function(f"def handler(event, context): return '{answer}'", FunctionName="f"),
            version: {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "F"}}},
            "Live": {
                "Type": "AWS::Lambda::Alias",
                "Properties": {
                    "FunctionName": {"Ref": "F"},
                    "FunctionVersion": {"Fn::GetAtt": [version, "Version"]},
                    "Name": "live",
                },
            },
        }

    deploy(aws, tmp_path, resources("one", "First"))
    assert invoke(aws, "f", Qualifier="live").payload == "one"

    deploy(aws, tmp_path, resources("two", "Second"))
    assert invoke(aws, "f", Qualifier="live").payload == "two"


def test_a_role_with_inline_managed_and_aws_policies(aws: LocalAws, tmp_path: Path) -> None:
    basic = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    resources = {
        "Mine": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": ALLOW}},
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": TRUST,
                "ManagedPolicyArns": [basic, {"Ref": "Mine"}],
                "Policies": [{"PolicyName": "inline", "PolicyDocument": ALLOW}],
            },
        },
        "More": {
            "Type": "AWS::IAM::Policy",
            "Properties": {"PolicyName": "more", "PolicyDocument": ALLOW, "Roles": [{"Ref": "Role"}]},
        },
    }
    role = deploy(aws, tmp_path, resources).resources["Role"]
    iam = aws.client("iam")

    attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    assert {policy["PolicyArn"] for policy in attached} >= {basic}
    assert len(attached) == 2
    assert sorted(iam.list_role_policies(RoleName=role)["PolicyNames"]) == ["inline", "more"]
    aws.client("cloudformation").delete_stack(StackName="stack")
    assert iam.list_roles()["Roles"] == []


def test_a_state_machine_with_substitutions(aws: LocalAws, tmp_path: Path) -> None:
    definition = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": "${Answer}", "End": True}}}
    resources = {
        "Role": ROLE,
        "Machine": {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {
                "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
                "DefinitionString": json.dumps(definition),
                "DefinitionSubstitutions": {"Answer": {"Ref": "AWS::StackName"}},
            },
        },
    }

    machine = deploy(aws, tmp_path, resources).resources["Machine"]

    described = aws.client("stepfunctions").describe_state_machine(stateMachineArn=machine)
    assert json.loads(described["definition"])["States"]["A"]["Result"] == "stack"


def test_the_data_catalog_and_a_workgroup(aws: LocalAws, tmp_path: Path) -> None:
    def resources(output: str, column: str) -> dict[str, Any]:
        storage = {"Columns": [{"Name": column, "Type": "string"}], "Location": "s3://b/t/"}
        return {
            "Database": {
                "Type": "AWS::Glue::Database",
                "Properties": {"CatalogId": "123456789012", "DatabaseInput": {"Name": "Db"}},
            },
            "Table": {
                "Type": "AWS::Glue::Table",
                "Properties": {
                    "CatalogId": "123456789012",
                    "DatabaseName": {"Ref": "Database"},
                    "TableInput": {
                        "Name": "t",
                        "Parameters": {"has_encrypted_data": False},
                        "StorageDescriptor": storage,
                    },
                },
            },
            "Group": {
                "Type": "AWS::Athena::WorkGroup",
                "Properties": {
                    "Name": "g",
                    "WorkGroupConfiguration": {
                        "EnforceWorkGroupConfiguration": "true",
                        "ResultConfiguration": {"OutputLocation": output},
                    },
                },
            },
        }

    deploy(aws, tmp_path, resources("s3://b/one/", "a"))
    deploy(aws, tmp_path, resources("s3://b/two/", "b"))

    table = aws.client("glue").get_table(DatabaseName="db", Name="t")["Table"]
    group = aws.client("athena").get_work_group(WorkGroup="g")["WorkGroup"]
    assert [column["Name"] for column in table["StorageDescriptor"]["Columns"]] == ["b"]
    assert group["Configuration"]["ResultConfiguration"]["OutputLocation"] == "s3://b/two/"
    aws.client("cloudformation").delete_stack(StackName="stack")
    assert aws.client("glue").get_databases()["DatabaseList"] == []


def test_a_topic_with_subscriptions_and_a_queue_with_a_policy(aws: LocalAws, tmp_path: Path) -> None:
    anybody = [{"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*"}]
    resources = {
        "Queue": {
            "Type": "AWS::SQS::Queue",
            "Properties": {
                "VisibilityTimeout": 60,
                "RedrivePolicy": {
                    "deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]},
                    "maxReceiveCount": 3,
                },
            },
        },
        "Dead": {"Type": "AWS::SQS::Queue"},
        "QueuePolicy": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {
                "Queues": [{"Ref": "Queue"}],
                "PolicyDocument": {"Version": "2012-10-17", "Statement": anybody},
            },
        },
        "Topic": {
            "Type": "AWS::SNS::Topic",
            "Properties": {"Subscription": [{"Protocol": "email", "Endpoint": "a@example.com"}]},
        },
        "Subscription": {
            "Type": "AWS::SNS::Subscription",
            "Properties": {
                "TopicArn": {"Ref": "Topic"},
                "Protocol": "sqs",
                "Endpoint": {"Fn::GetAtt": ["Queue", "Arn"]},
                "RawMessageDelivery": True,
                "FilterPolicy": {"kind": ["wanted"]},
            },
        },
        "TopicPolicy": {
            "Type": "AWS::SNS::TopicPolicy",
            "Properties": {"Topics": [{"Ref": "Topic"}], "PolicyDocument": json.loads(TO_ALL)},
        },
    }
    made = deploy(aws, tmp_path, resources).resources
    sns, sqs = aws.client("sns"), aws.client("sqs")

    for kind in ("wanted", "unwanted"):
        attributes = {"kind": {"DataType": "String", "StringValue": kind}}
        sns.publish(TopicArn=made["Topic"], Message=kind, MessageAttributes=attributes)

    received = sqs.receive_message(QueueUrl=made["Queue"], MaxNumberOfMessages=10)["Messages"]
    assert [message["Body"] for message in received] == ["wanted"]
    assert [message.body for message in aws.mailbox.messages()] == ["wanted", "unwanted"]
    subscriptions = sns.list_subscriptions_by_topic(TopicArn=made["Topic"])["Subscriptions"]
    assert {subscription["Protocol"] for subscription in subscriptions} == {"email", "sqs"}


def test_the_small_ones(aws: LocalAws, tmp_path: Path) -> None:
    resources = {
        "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 7}},
        "Errors": {
            "Type": "AWS::Logs::MetricFilter",
            "Properties": {
                "LogGroupName": {"Ref": "Logs"},
                "FilterPattern": "ERROR",
                "MetricTransformations": [
                    {"MetricName": "Errors", "MetricNamespace": "N", "MetricValue": "1"}
                ],
            },
        },
        "Alarm": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                "Namespace": "N",
                "MetricName": "Errors",
                "Statistic": "Sum",
                "Period": "60",
                "EvaluationPeriods": 1,
                "Threshold": 1,
                "ComparisonOperator": "GreaterThanThreshold",
            },
        },
        "Board": {"Type": "AWS::CloudWatch::Dashboard", "Properties": {"DashboardBody": '{"widgets":[]}'}},
        "Word": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Name": "/word", "Type": "String", "Value": "v"},
        },
        "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "bus"}},
        "Query": {
            "Type": "AWS::Athena::NamedQuery",
            "Properties": {"Name": "q", "Database": "d", "QueryString": "SELECT 1"},
        },
        "Activity": {"Type": "AWS::StepFunctions::Activity", "Properties": {"Name": "a"}},
    }
    made = deploy(aws, tmp_path, resources).resources

    (group,) = aws.client("logs").describe_log_groups()["logGroups"]
    (alarm,) = aws.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert group["retentionInDays"] == 7
    assert alarm["AlarmName"] == made["Alarm"]
    assert aws.client("ssm").get_parameter(Name="/word")["Parameter"]["Value"] == "v"

    aws.client("cloudformation").delete_stack(StackName="stack")
    assert aws.client("logs").describe_log_groups()["logGroups"] == []
    assert aws.client("cloudwatch").describe_alarms()["MetricAlarms"] == []
    assert aws.client("ssm").describe_parameters()["Parameters"] == []
    assert aws.client("athena").list_named_queries()["NamedQueryIds"] == []
    assert aws.client("stepfunctions").list_activities()["activities"] == []


def test_a_number_is_substituted_into_a_definition(aws: LocalAws, tmp_path: Path) -> None:
    (tmp_path / "a.asl.json").write_text(
        '{"StartAt": "A", "TimeoutSeconds": ${Seconds}, "States": {"A": {"Type": "Pass", "End": true}}}'
    )
    machine = {
        "Type": "AWS::Serverless::StateMachine",
        "Properties": {"DefinitionUri": "a.asl.json", "DefinitionSubstitutions": {"Seconds": 7}},
    }

    made = deploy(aws, tmp_path, {"Machine": machine}, Transform="AWS::Serverless-2016-10-31").resources

    described = aws.client("stepfunctions").describe_state_machine(stateMachineArn=made["Machine"])
    assert json.loads(described["definition"])["TimeoutSeconds"] == 7
