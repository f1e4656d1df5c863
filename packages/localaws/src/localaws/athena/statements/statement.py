"""Athena's statements, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Statement"]

Name = tuple[str, ...]  # table, (database, table) or (catalog, database, table)


@dataclass(frozen=True, slots=True)
class Statement:
    """Any statement: ``kind`` is StatementType, ``subkind`` is SubstatementType."""

    kind = "DDL"
    subkind = ""


@dataclass(frozen=True, slots=True)
class Select(Statement):
    """A query; ``text`` is its full text."""

    text: str
    kind = "DML"
    subkind = "SELECT"


@dataclass(frozen=True, slots=True)
class CreateDatabase(Statement):
    name: str
    if_missing: bool
    description: Mapping[str, Any]  # of Glue
    subkind = "CREATE_DATABASE"


@dataclass(frozen=True, slots=True)
class DropDatabase(Statement):
    name: str
    if_exists: bool
    cascade: bool
    subkind = "DROP_DATABASE"


@dataclass(frozen=True, slots=True)
class CreateTable(Statement):
    """``description`` is Glue's TableInput without its name."""

    name: Name
    if_missing: bool
    description: Mapping[str, Any]
    subkind = "CREATE_TABLE"


@dataclass(frozen=True, slots=True)
class CreateTableAs(Statement):
    name: Name
    if_missing: bool
    properties: Mapping[str, Any]
    query: str
    with_data: bool
    subkind = "CREATE_TABLE_AS_SELECT"


@dataclass(frozen=True, slots=True)
class CreateView(Statement):
    name: Name
    replaces: bool
    query: str
    subkind = "CREATE_VIEW"


@dataclass(frozen=True, slots=True)
class Drop(Statement):
    """DROP TABLE or DROP VIEW."""

    name: Name
    if_exists: bool
    view: bool

    @property
    def subkind(self) -> str:  # type: ignore[override]
        return "DROP_VIEW" if self.view else "DROP_TABLE"


@dataclass(frozen=True, slots=True)
class Insert(Statement):
    name: Name
    columns: tuple[str, ...]
    query: str
    kind = "DML"
    subkind = "INSERT"


@dataclass(frozen=True, slots=True)
class Unload(Statement):
    query: str
    location: str
    properties: Mapping[str, Any]
    kind = "DML"
    subkind = "UNLOAD"


@dataclass(frozen=True, slots=True)
class RepairTable(Statement):
    name: Name
    subkind = "MSCK_REPAIR_TABLE"


@dataclass(frozen=True, slots=True)
class AlterTable(Statement):
    """``action`` is add_partitions, drop_partitions, set_location, set_properties or add_columns.

    ``partitions`` are specs of column and value with a location or None; ``columns`` are Glue's.
    """

    name: Name
    action: str
    partitions: tuple[tuple[Mapping[str, str], str | None], ...] = ()
    lenient: bool = False  # IF EXISTS, IF NOT EXISTS
    location: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    columns: tuple[Mapping[str, str], ...] = ()

    @property
    def subkind(self) -> str:  # type: ignore[override]
        return f"ALTER_TABLE_{self.action.upper()}"


@dataclass(frozen=True, slots=True)
class Show(Statement):
    """``what`` is databases, tables, views, columns, partitions, create_table, create_view or properties."""

    what: str
    name: Name = ()
    like: str | None = None
    kind = "UTILITY"

    @property
    def subkind(self) -> str:  # type: ignore[override]
        return f"SHOW_{self.what.upper()}"


@dataclass(frozen=True, slots=True)
class Describe(Statement):
    name: Name
    view: bool
    kind = "UTILITY"
    subkind = "DESCRIBE_TABLE"


@dataclass(frozen=True, slots=True)
class Explain(Statement):
    query: str
    kind = "UTILITY"
    subkind = "EXPLAIN"


@dataclass(frozen=True, slots=True)
class Prepare(Statement):
    name: str
    query: str
    subkind = "PREPARE"


@dataclass(frozen=True, slots=True)
class Execute(Statement):
    name: str
    parameters: tuple[str, ...]
    kind = "DML"
    subkind = "EXECUTE"


@dataclass(frozen=True, slots=True)
class Deallocate(Statement):
    name: str
    subkind = "DEALLOCATE_PREPARE"
