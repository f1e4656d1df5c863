"""AWS::SSM: parameters.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_SSM.html
"""

from collections.abc import Mapping
from typing import Any

from localaws.cloudformation.resource import Cloud, Made, ResourceType, tag_list

__all__ = ["Parameter"]


class Parameter(ResourceType):
    """A parameter of the Parameter Store."""

    name = "AWS::SSM::Parameter"
    honoured = frozenset(
        {"AllowedPattern", "DataType", "Description", "Name", "Tags", "Tier", "Type", "Value"}
    )
    harmless = frozenset({"Policies"})
    required = frozenset({"Type", "Value"})
    replacing = frozenset({"DataType", "Name"})
    named_by = "Name"
    longest_name = 1011

    def create(self, cloud: Cloud, name: str, properties: Mapping[str, Any]) -> Made:
        ssm = cloud.client("ssm")
        ssm.put_parameter(Name=name, Tags=tag_list(properties.get("Tags")), **_given(properties))
        return _made(name, properties)

    def update(
        self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any], before: Mapping[str, Any]
    ) -> Made:
        cloud.client("ssm").put_parameter(Name=physical_id, Overwrite=True, **_given(properties))
        return _made(physical_id, properties)

    def delete(self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any]) -> None:
        ssm = cloud.client("ssm")
        try:
            ssm.delete_parameter(Name=physical_id)
        except ssm.exceptions.ParameterNotFound:
            return


def _given(properties: Mapping[str, Any]) -> dict[str, str]:
    names = ("AllowedPattern", "DataType", "Description", "Tier", "Type", "Value")
    return {name: str(properties[name]) for name in names if name in properties}


def _made(name: str, properties: Mapping[str, Any]) -> Made:
    return Made(name, {"Type": properties["Type"], "Value": properties["Value"]})
