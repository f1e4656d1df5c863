"""AWS::Athena: workgroups and named queries.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_Athena.html
"""

from collections.abc import Mapping
from typing import Any

from localaws.cloudformation.resource import Cloud, Made, ResourceType, tag_list

__all__ = ["NamedQuery", "WorkGroup"]


class WorkGroup(ResourceType):
    """A workgroup: where the results of its queries go."""

    name = "AWS::Athena::WorkGroup"
    honoured = frozenset({"Description", "Name", "State", "Tags", "WorkGroupConfiguration"})
    harmless = frozenset({"RecursiveDeleteOption", "WorkGroupConfigurationUpdates"})
    required = frozenset({"Name"})
    replacing = frozenset({"Name"})
    named_by = "Name"
    longest_name = 128

    def create(self, cloud: Cloud, name: str, properties: Mapping[str, Any]) -> Made:
        cloud.client("athena").create_work_group(
            Name=name,
            Configuration=_configuration(properties),
            Description=str(properties.get("Description", "")),
            Tags=tag_list(properties.get("Tags")),
        )
        return _made(name)

    def update(
        self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any], before: Mapping[str, Any]
    ) -> Made:
        from moto.athena.models import athena_backends  # moto has no UpdateWorkGroup

        group = athena_backends[cloud.account][cloud.region].work_groups[physical_id]
        group.configuration = _configuration(properties)
        group.description = str(properties.get("Description", ""))
        return _made(physical_id)

    def delete(self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any]) -> None:
        athena = cloud.client("athena")
        if any(group["Name"] == physical_id for group in athena.list_work_groups()["WorkGroups"]):
            athena.delete_work_group(WorkGroup=physical_id, RecursiveDeleteOption=True)


def _configuration(properties: Mapping[str, Any]) -> dict[str, Any]:
    configuration = dict(properties.get("WorkGroupConfiguration") or {})
    for name in ("EnforceWorkGroupConfiguration", "PublishCloudWatchMetricsEnabled", "RequesterPaysEnabled"):
        if name in configuration:
            configuration[name] = str(configuration[name]).lower() == "true"
    if "BytesScannedCutoffPerQuery" in configuration:
        configuration["BytesScannedCutoffPerQuery"] = int(configuration["BytesScannedCutoffPerQuery"])
    return configuration


def _made(name: str) -> Made:
    return Made(
        name, {"WorkGroupConfiguration.EngineVersion.EffectiveEngineVersion": "Athena engine version 3"}
    )


class NamedQuery(ResourceType):
    """A query with a name."""

    name = "AWS::Athena::NamedQuery"
    honoured = frozenset({"Database", "Description", "Name", "QueryString", "WorkGroup"})
    required = frozenset({"Database", "QueryString"})
    replacing = honoured
    named_by = "Name"
    longest_name = 128

    def create(self, cloud: Cloud, name: str, properties: Mapping[str, Any]) -> Made:
        query = cloud.client("athena").create_named_query(
            Name=name,
            Database=properties["Database"],
            QueryString=properties["QueryString"],
            **{key: properties[key] for key in ("Description", "WorkGroup") if properties.get(key)},
        )
        return Made(query["NamedQueryId"], {"NamedQueryId": query["NamedQueryId"]})

    def update(
        self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any], before: Mapping[str, Any]
    ) -> Made:
        return Made(physical_id, {"NamedQueryId": physical_id})

    def delete(self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any]) -> None:
        from moto.athena.models import athena_backends  # moto has no DeleteNamedQuery

        athena_backends[cloud.account][cloud.region].named_queries.pop(physical_id, None)
