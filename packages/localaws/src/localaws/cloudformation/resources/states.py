"""AWS::StepFunctions: state machines and activities.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_StepFunctions.html
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from localaws.cloudformation.resource import Cloud, Made, ResourceType, tag_list
from localaws.states.definitions import definition_problems

__all__ = ["Activity", "StateMachine"]

_SUBSTITUTION = re.compile(r"\$\{([A-Za-z0-9_-]+)\}")


class StateMachine(ResourceType):
    """A state machine. Its definition is checked before anything of the stack is made."""

    name = "AWS::StepFunctions::StateMachine"
    honoured = frozenset(
        {
            "Definition",
            "DefinitionS3Location",
            "DefinitionString",
            "DefinitionSubstitutions",
            "RoleArn",
            "StateMachineName",
            "StateMachineType",
            "Tags",
        }
    )
    harmless = frozenset({"EncryptionConfiguration", "LoggingConfiguration", "TracingConfiguration"})
    required = frozenset({"RoleArn"})
    replacing = frozenset({"StateMachineName", "StateMachineType"})
    named_by = "StateMachineName"
    longest_name = 80

    def problems(self, properties: Mapping[str, Any], made_name: str) -> list[str]:
        found = super().problems(properties, made_name)
        definition = _definition_text(properties)
        if definition is None:
            return found
        # Values that are only known later stand in for themselves: an ARN where an ARN belongs.
        guessed = _SUBSTITUTION.sub("arn:aws:lambda:us-east-1:123456789012:function:later", definition)
        return found + definition_problems(guessed)

    def create(self, cloud: Cloud, name: str, properties: Mapping[str, Any]) -> Made:
        machine = cloud.client("stepfunctions").create_state_machine(
            name=name,
            definition=_definition(cloud, properties),
            roleArn=properties["RoleArn"],
            type=properties.get("StateMachineType", "STANDARD"),
            tags=tag_list(properties.get("Tags"), "key", "value"),
        )
        return Made(machine["stateMachineArn"], {"Arn": machine["stateMachineArn"], "Name": name})

    def update(
        self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any], before: Mapping[str, Any]
    ) -> Made:
        cloud.client("stepfunctions").update_state_machine(
            stateMachineArn=physical_id,
            definition=_definition(cloud, properties),
            roleArn=properties["RoleArn"],
        )
        return Made(physical_id, {"Arn": physical_id, "Name": physical_id.rpartition(":")[2]})

    def delete(self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any]) -> None:
        cloud.client("stepfunctions").delete_state_machine(stateMachineArn=physical_id)


def _definition_text(properties: Mapping[str, Any]) -> str | None:
    """The definition as far as it is known before anything is made; None when a function computes it."""
    if isinstance(definition := properties.get("Definition"), Mapping):
        return json.dumps(definition)
    text = properties.get("DefinitionString")
    if isinstance(text, str):
        return text
    if isinstance(text, Mapping) and "Fn::Join" in text:
        delimiter, parts = text["Fn::Join"]
        if all(isinstance(part, str) for part in parts):
            return str(delimiter).join(parts)
    if isinstance(text, Mapping) and "Fn::Sub" in text:
        template = text["Fn::Sub"]
        return str(template[0] if isinstance(template, list) else template)
    return None


def _definition(cloud: Cloud, properties: Mapping[str, Any]) -> str:
    if "DefinitionS3Location" in properties:
        location = properties["DefinitionS3Location"]
        body = cloud.client("s3").get_object(Bucket=location["Bucket"], Key=location["Key"])["Body"]
        text = body.read().decode()
    else:
        text = _definition_text(properties) or "{}"
    substitutions = properties.get("DefinitionSubstitutions") or {}

    def value(match: re.Match[str]) -> str:
        if match[1] not in substitutions:
            return match[0]
        given = substitutions[match[1]]
        return json.dumps(given) if isinstance(given, bool) else str(given)

    return _SUBSTITUTION.sub(value, text)


class Activity(ResourceType):
    """An activity: tasks that workers poll for."""

    name = "AWS::StepFunctions::Activity"
    honoured = frozenset({"Name", "Tags"})
    harmless = frozenset({"EncryptionConfiguration"})
    required = frozenset({"Name"})
    replacing = frozenset({"Name"})
    named_by = "Name"
    longest_name = 80

    def create(self, cloud: Cloud, name: str, properties: Mapping[str, Any]) -> Made:
        tags = tag_list(properties.get("Tags"), "key", "value")
        arn = cloud.client("stepfunctions").create_activity(name=name, tags=tags)["activityArn"]
        return Made(arn, {"Arn": arn, "Name": name})

    def update(
        self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any], before: Mapping[str, Any]
    ) -> Made:
        return Made(physical_id, {"Arn": physical_id, "Name": physical_id.rpartition(":")[2]})

    def delete(self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any]) -> None:
        cloud.client("stepfunctions").delete_activity(activityArn=physical_id)
