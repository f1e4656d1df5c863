"""The Glue catalog as queries see it: one database namespace, names without case, over moto's Glue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from moto.glue.exceptions import (
    DatabaseNotFoundException,
    PartitionAlreadyExistsException,
    PartitionNotFoundException,
    TableAlreadyExistsException,
    TableNotFoundException,
)
from moto.glue.models import glue_backends

from localaws.athena.errors import QueryFailed

__all__ = ["CATALOG", "Catalog", "Partition", "Table"]

CATALOG = "AwsDataCatalog"
DEFAULT = "default"  # every account has it
VIEW = "VIRTUAL_VIEW"


@dataclass(frozen=True, slots=True)
class Table:
    """A table or view as Glue describes it (the keys of GetTable's answer)."""

    database: str
    name: str
    description: dict[str, Any]

    @property
    def storage(self) -> dict[str, Any]:
        return self.description.get("StorageDescriptor") or {}

    @property
    def columns(self) -> list[dict[str, str]]:
        return self.storage.get("Columns") or []

    @property
    def keys(self) -> list[dict[str, str]]:
        """The partition columns, which come after the others."""
        return self.description.get("PartitionKeys") or []

    @property
    def parameters(self) -> dict[str, str]:
        return self.description.get("Parameters") or {}

    @property
    def is_view(self) -> bool:
        return self.description.get("TableType") == VIEW


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition: the values of the partition columns, and where and in which format its files are."""

    values: tuple[str, ...]
    storage: dict[str, Any]


class Catalog:
    """The catalog of one account in one region.

    Methods raise QueryFailed with Athena's words: SCHEMA_NOT_FOUND, TABLE_NOT_FOUND, AlreadyExistsException
    and so on.
    """

    def __init__(self, account: str, region: str) -> None:
        self._glue = glue_backends[account][region]

    # databases

    def databases(self) -> list[dict[str, Any]]:
        """Every database, in the order of their names."""
        found = {database.name: database.as_dict() for database in self._glue.get_databases()}
        found.setdefault(DEFAULT, {"Name": DEFAULT, "Description": "Default Hive database", "Parameters": {}})
        return [found[name] for name in sorted(found)]

    def database(self, name: str) -> dict[str, Any] | None:
        """The database called ``name``, or None."""
        return next((found for found in self.databases() if found["Name"].lower() == name.lower()), None)

    def require_database(self, name: str) -> str:
        """The catalog's spelling of ``name``."""
        found = self.database(name)
        if found is None:
            raise QueryFailed("SCHEMA_NOT_FOUND", f"Schema '{name}' does not exist")
        return str(found["Name"])

    def create_database(self, name: str, description: dict[str, Any], *, if_missing: bool) -> None:
        if self.database(name) is not None:
            if if_missing:
                return
            raise _ddl_failed(f"AlreadyExistsException(message:Database {name} already exists)")
        self._glue.create_database(name.lower(), {"Name": name.lower(), **description})

    def drop_database(self, name: str, *, if_exists: bool, cascade: bool) -> None:
        try:
            found = self._glue.get_database(name.lower())
        except DatabaseNotFoundException as error:
            if if_exists:
                return
            raise _ddl_failed(
                f"NoSuchObjectException(message:Database does not exist: {name})", "SemanticException"
            ) from error
        if found.tables and not cascade:
            raise _ddl_failed(
                f"InvalidOperationException(message:Database {name} is not empty. One or more tables exist.)"
            )
        self._glue.delete_database(name.lower())

    # tables

    def tables(self, database: str) -> list[Table]:
        """The tables and views of a database, in the order of their names."""
        try:
            found = self._glue.get_tables(self.require_database(database), None)
        except DatabaseNotFoundException:  # the default database, while nothing is in it
            return []
        return sorted(
            (Table(database, table.name, table.as_dict()) for table in found), key=lambda table: table.name
        )

    def table(self, database: str, name: str) -> Table | None:
        """The table or view, or None."""
        try:
            found = self._glue.get_table(self.require_database(database), name.lower())
            return Table(database, found.name, found.as_dict())
        except (DatabaseNotFoundException, TableNotFoundException):  # Glue itself would never store capitals
            return next((each for each in self.tables(database) if each.name.lower() == name.lower()), None)

    def require_table(self, database: str, name: str) -> Table:
        found = self.table(database, name)
        if found is None:
            raise QueryFailed(
                "TABLE_NOT_FOUND", f"Table '{CATALOG.lower()}.{database}.{name}' does not exist"
            )
        return found

    def create_table(self, database: str, table: dict[str, Any], *, if_missing: bool = False) -> None:
        """``table`` is Glue's TableInput."""
        name = self.require_database(database)
        if name == DEFAULT and DEFAULT not in self._glue.databases:
            self._glue.create_database(DEFAULT, {"Name": DEFAULT})
        try:
            self._glue.create_table(name, table["Name"], table)
        except TableAlreadyExistsException as error:
            if not if_missing:
                raise _ddl_failed(
                    f"AlreadyExistsException(message:Table {table['Name']} already exists.)"
                ) from error

    def update_table(self, table: Table, changes: dict[str, Any]) -> None:
        """Replace keys of the table's description."""
        kept = {key: value for key, value in table.description.items() if key in _TABLE_INPUT}
        self._glue.update_table(self.require_database(table.database), table.name, {**kept, **changes})

    def drop_table(self, table: Table) -> None:
        try:
            self._glue.delete_table(self.require_database(table.database), table.name)
        except TableNotFoundException as error:  # somebody was faster
            raise QueryFailed("TABLE_NOT_FOUND", f"Table '{table.name}' does not exist") from error

    # partitions

    def partitions(self, table: Table) -> list[Partition]:
        """The partitions, in the order of their values."""
        found = self._glue.get_table(self.require_database(table.database), table.name).partitions.values()
        return sorted(
            (
                Partition(tuple(each.values), each.partition_input.get("StorageDescriptor") or table.storage)
                for each in list(found)
            ),
            key=lambda partition: partition.values,
        )

    def add_partition(self, table: Table, partition: Partition, *, if_missing: bool) -> bool:
        """Whether it was new."""
        given = {"Values": list(partition.values), "StorageDescriptor": partition.storage, "Parameters": {}}
        try:
            self._glue.create_partition(self.require_database(table.database), table.name, given)
        except PartitionAlreadyExistsException as error:
            if if_missing:
                return False
            raise _ddl_failed("AlreadyExistsException(message:Partition already exists.)") from error
        return True

    def update_partition(self, table: Table, partition: Partition) -> None:
        values: Any = list(partition.values)
        given = {"Values": values, "StorageDescriptor": partition.storage, "Parameters": {}}
        try:
            self._glue.update_partition(self.require_database(table.database), table.name, given, values)
        except PartitionNotFoundException as error:
            raise _ddl_failed(f"Partition not found {partition.values}", "SemanticException") from error

    def drop_partition(self, table: Table, values: Sequence[str], *, if_exists: bool) -> None:
        try:
            given: Any = list(values)
            self._glue.delete_partition(self.require_database(table.database), table.name, given)
        except PartitionNotFoundException as error:
            if not if_exists:
                raise _ddl_failed(f"Partition not found {tuple(values)}", "SemanticException") from error


_TABLE_INPUT = {
    "Name", "Description", "Owner", "Retention", "StorageDescriptor", "PartitionKeys", "ViewOriginalText",
    "ViewExpandedText", "TableType", "Parameters",
}  # fmt: skip


def _ddl_failed(message: str, kind: str = "Execution Error") -> QueryFailed:
    if kind == "SemanticException":
        return QueryFailed(None, f"FAILED: SemanticException [Error 10001]: {message}")
    return QueryFailed(
        None, f"FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. {message}"
    )
