"""What template.yaml repeats for every function stays equal: a change of one copy alone is a mistake."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

TEXT = (Path(__file__).parents[2] / "template.yaml").read_text()


class Loader(yaml.SafeLoader):
    """Reads ``!GetAtt A.Arn`` as ``{"!GetAtt": "A.Arn"}``."""


def tagged(loader: Loader, tag: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        return {f"!{tag}": loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {f"!{tag}": loader.construct_sequence(node, deep=True)}
    raise ValueError(f"{tag} of a mapping")


Loader.add_multi_constructor("!", tagged)
RESOURCES: dict[str, dict[str, Any]] = yaml.load(TEXT, Loader)["Resources"]  # noqa: S506 - a SafeLoader
STEPS = [name.removesuffix("Function") for name in RESOURCES if name.endswith("Function")]
IMAGES = [step for step in STEPS if RESOURCES[f"{step}Function"]["Properties"].get("PackageType") == "Image"]
ROLES = [name for name, resource in RESOURCES.items() if resource["Type"] == "AWS::IAM::Role"]


def properties(name: str) -> dict[str, Any]:
    found: dict[str, Any] = RESOURCES[name]["Properties"]
    return found


def folder_of(step: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", step).lower()


def test_there_are_fourteen_functions_and_a_role_for_each_and_the_machine() -> None:
    assert len(STEPS) == 14
    assert set(ROLES) == {*(f"{step}Role" for step in STEPS), "StateMachineRole", "SparkJobRole"}


@pytest.mark.parametrize("step", STEPS)
def test_one_name_runs_through_everything_of_a_step(step: str) -> None:
    function = properties(f"{step}Function")

    assert function["FunctionName"] == {"!Sub": f"${{AWS::StackName}}-{step}"}
    assert function["Role"] == {"!GetAtt": f"{step}Role.Arn"}
    assert function["LoggingConfig"] == {"LogGroup": {"!Ref": f"{step}Logs"}}
    assert (Path(__file__).parents[2] / "functions" / folder_of(step) / "app.py").exists()


@pytest.mark.parametrize("role", ROLES)
def test_each_role_is_for_one_service_only(role: str) -> None:
    service = {"StateMachineRole": "states", "SparkJobRole": "emr-serverless"}.get(role, "lambda")
    trusted = {
        "Effect": "Allow",
        "Principal": {"Service": f"{service}.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }

    assert properties(role)["AssumeRolePolicyDocument"] == {"Version": "2012-10-17", "Statement": [trusted]}


@pytest.mark.parametrize("step", STEPS)
def test_each_function_writes_its_own_log_and_no_other(step: str) -> None:
    statements = [
        statement
        for policy in properties(f"{step}Role")["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        if "logs:" in str(statement.get("Action"))
    ]

    assert statements == [
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": {"!GetAtt": f"{step}Logs.Arn"},
        }
    ]


@pytest.mark.parametrize("step", STEPS)
def test_every_log_is_kept_as_long_as_asked_for(step: str) -> None:
    function = RESOURCES[f"{step}Function"]
    condition = {"Condition": function["Condition"]} if "Condition" in function else {}

    assert RESOURCES[f"{step}Logs"] == {
        **condition,
        "Type": "AWS::Logs::LogGroup",
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
        "Properties": {
            "LogGroupName": {"!Sub": f"/aws/lambda/${{AWS::StackName}}-{step}"},
            "RetentionInDays": {"!Ref": "LogRetentionDays"},
        },
    }


@pytest.mark.parametrize("step", STEPS)
def test_functions_of_a_kind_are_built_alike(step: str) -> None:
    function, folder = properties(f"{step}Function"), folder_of(step)
    if step in IMAGES:
        assert RESOURCES[f"{step}Function"]["Metadata"] == {"Dockerfile": "Dockerfile", "DockerContext": "."}
        assert function["ImageConfig"] == {"Command": [f"functions.{folder}.app.handler"]}
    else:
        built = {name: function[name] for name in ("Runtime", "CodeUri", "Handler", "Layers")}
        assert built == {
            "Runtime": "python3.12",
            "CodeUri": f"functions/{folder}/",
            "Handler": "app.handler",
            "Layers": [{"!Ref": "Layer"}],
        }


def test_nothing_of_a_source_is_there_without_its_parameters() -> None:
    of_sources = [name for name in RESOURCES if "Pull" in name]

    conditions = {RESOURCES[name].get("Condition") for name in of_sources}
    assert conditions == {"PullsPrometheus", "PullsKafka", "PullsKafkaOfCluster"}
    assert len(of_sources) == 9


def test_the_machine_may_invoke_what_it_names_and_no_more() -> None:
    substituted = properties("StateMachine")["DefinitionSubstitutions"]
    named = [arn for name, arn in substituted.items() if name.endswith("FunctionArn")]
    (invoke,) = (
        statement["Resource"]
        for statement in properties("StateMachineRole")["Policies"][0]["PolicyDocument"]["Statement"]
        if statement.get("Action") == "lambda:InvokeFunction"
    )

    assert invoke == named
    of_engines = {"Engine", "SparkActivityArn", "SparkApplicationId", "SparkJobRoleArn", "StartJobRunArn"}
    assert substituted.keys() - {f"{step}FunctionArn" for step in STEPS} == of_engines


def test_nothing_of_spark_is_there_unless_it_is_the_engine() -> None:
    conditions = {name: RESOURCES[name].get("Condition") for name in RESOURCES if "Spark" in name}

    assert conditions == {
        "SparkActivity": "OnSpark",
        "SparkApplication": "OnEmrServerless",
        "SparkJobRole": "OnEmrServerless",
    }


def test_without_emr_serverless_the_machine_has_nothing_to_do_with_it() -> None:
    """Step Functions demands the permissions of an integration when a machine is made."""
    start = properties("StateMachine")["DefinitionSubstitutions"]["StartJobRunArn"]["!If"]
    statements = properties("StateMachineRole")["Policies"][0]["PolicyDocument"]["Statement"]
    conditional = [statement["!If"] for statement in statements if "!If" in statement]

    assert start[0] == "OnEmrServerless"
    assert start[1]["!Sub"].endswith(":states:::emr-serverless:startJobRun.sync")
    assert ":activity:" in start[2]["!Sub"]
    assert len(conditional) == 4
    for condition, _, otherwise in conditional:
        assert (condition, otherwise) == ("OnEmrServerless", {"!Ref": "AWS::NoValue"})
    always = [statement for statement in statements if "!If" not in statement]
    assert not any("emr" in str(statement).lower() for statement in always)


def test_the_guide_at_its_top_names_its_sections_in_their_order() -> None:
    sections = re.findall(r"^  # -+ (.*?) -+$", TEXT, re.MULTILINE)
    guide = re.findall(r"^#   \d\. (.*?):", TEXT, re.MULTILINE)

    assert len(sections) > 5
    assert guide == sections
