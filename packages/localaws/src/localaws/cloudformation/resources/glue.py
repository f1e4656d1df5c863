"""AWS::Glue: the data catalog.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_Glue.html
"""

from collections.abc import Mapping
from typing import Any

from localaws.cloudformation.resource import Cloud, Made, ResourceType

__all__ = ["Database", "Table"]


class Database(ResourceType):
    """A database of the catalog. Its name is in its DatabaseInput."""

    name = "AWS::Glue::Database"
    honoured = frozenset({"CatalogId", "DatabaseInput", "DatabaseName"})
    required = frozenset({"DatabaseInput"})
    replacing = frozenset({"CatalogId", "DatabaseName"})
    longest_name = 255

    def make_name(self, cloud: Cloud, logical_id: str, properties: Mapping[str, Any]) -> str:
        given = properties.get("DatabaseName") or properties["DatabaseInput"].get("Name")
        return str(given or super().make_name(cloud, logical_id, properties)).lower()

    def must_replace(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
        renamed = before["DatabaseInput"].get("Name") != after["DatabaseInput"].get("Name")
        return renamed or super().must_replace(before, after)

    def create(self, cloud: Cloud, name: str, properties: Mapping[str, Any]) -> Made:
        cloud.client("glue").create_database(DatabaseInput={**properties["DatabaseInput"], "Name": name})
        return Made(name)

    def update(
        self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any], before: Mapping[str, Any]
    ) -> Made:
        changed = {**properties["DatabaseInput"], "Name": physical_id}
        cloud.client("glue").update_database(Name=physical_id, DatabaseInput=changed)
        return Made(physical_id)

    def delete(self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any]) -> None:
        glue = cloud.client("glue")
        try:
            glue.delete_database(Name=physical_id)
        except glue.exceptions.EntityNotFoundException:
            return


class Table(ResourceType):
    """A table of the catalog. Its name is in its TableInput."""

    name = "AWS::Glue::Table"
    honoured = frozenset({"CatalogId", "DatabaseName", "TableInput"})
    required = frozenset({"DatabaseName", "TableInput"})
    replacing = frozenset({"CatalogId", "DatabaseName"})
    longest_name = 255

    def make_name(self, cloud: Cloud, logical_id: str, properties: Mapping[str, Any]) -> str:
        given = properties["TableInput"].get("Name")
        return str(given or super().make_name(cloud, logical_id, properties)).lower()

    def must_replace(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
        renamed = before["TableInput"].get("Name") != after["TableInput"].get("Name")
        return renamed or super().must_replace(before, after)

    def create(self, cloud: Cloud, name: str, properties: Mapping[str, Any]) -> Made:
        table = {**_typed(properties["TableInput"]), "Name": name}
        cloud.client("glue").create_table(DatabaseName=properties["DatabaseName"], TableInput=table)
        return Made(name)

    def update(
        self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any], before: Mapping[str, Any]
    ) -> Made:
        table = {**_typed(properties["TableInput"]), "Name": physical_id}
        cloud.client("glue").update_table(DatabaseName=properties["DatabaseName"], TableInput=table)
        return Made(physical_id)

    def delete(self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any]) -> None:
        glue = cloud.client("glue")
        try:
            glue.delete_table(DatabaseName=properties["DatabaseName"], Name=physical_id)
        except glue.exceptions.EntityNotFoundException:
            return


def _typed(table: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters are text in the API, but may be numbers or booleans in a template."""
    made = dict(table)
    if "Parameters" in made:
        made["Parameters"] = _texts(made["Parameters"])
    storage = dict(made.get("StorageDescriptor") or {})
    serde = dict(storage.get("SerdeInfo") or {})
    if "Parameters" in serde:
        serde["Parameters"] = _texts(serde["Parameters"])
        storage["SerdeInfo"] = serde
    if storage:
        made["StorageDescriptor"] = storage
    return made


def _texts(parameters: Mapping[str, Any]) -> dict[str, str]:
    return {
        key: str(value).lower() if isinstance(value, bool) else str(value)
        for key, value in parameters.items()
    }
