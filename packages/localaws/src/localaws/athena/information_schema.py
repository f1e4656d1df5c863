"""information_schema: the catalog as tables. https://trino.io/docs/current/connector.html"""

from collections.abc import Iterator, Sequence

from localaws.athena.catalog import CATALOG, Catalog, Table
from localaws.athena.errors import QueryFailed
from localaws.athena.hive_types import from_hive
from localaws.athena.sql import types
from localaws.athena.sql.source import TableSource
from localaws.athena.sql.typed import literal

__all__ = ["NAME", "information_schema"]

NAME = "information_schema"
_COLUMNS = {
    "schemata": ("catalog_name", "schema_name"),
    "tables": ("table_catalog", "table_schema", "table_name", "table_type"),
    "views": ("table_catalog", "table_schema", "table_name", "view_definition"),
    "columns": (
        "table_catalog", "table_schema", "table_name", "column_name", "ordinal_position", "column_default",
        "is_nullable", "data_type", "comment", "extra_info",
    ),
}  # fmt: skip


def information_schema(name: str, catalog: Catalog) -> TableSource | None:
    """One of its tables, or None."""
    if name not in _COLUMNS:
        return None
    kinds = [types.BIGINT if column == "ordinal_position" else types.VARCHAR for column in _COLUMNS[name]]
    rows = list(_rows(name, catalog))
    columns = tuple(zip(_COLUMNS[name], kinds, strict=True))
    if not rows:
        empty = ", ".join(
            "CAST(NULL AS BIGINT)" if kind == types.BIGINT else "CAST(NULL AS VARCHAR)" for kind in kinds
        )
        return TableSource(columns, f"SELECT {empty} WHERE FALSE")
    listed = ", ".join(f"({', '.join(_cell(cell) for cell in row)})" for row in rows)
    names = ", ".join(f"i{index}" for index in range(len(kinds)))
    casts = ", ".join(
        f"CAST(i{index} AS {'BIGINT' if kind == types.BIGINT else 'VARCHAR'})"
        for index, kind in enumerate(kinds)
    )
    return TableSource(columns, f"SELECT {casts} FROM (VALUES {listed}) AS found({names})")


def _rows(name: str, catalog: Catalog) -> Iterator[Sequence[str | int | None]]:
    for database in catalog.databases():
        schema = database["Name"]
        if name == "schemata":
            yield CATALOG.lower(), schema
            continue
        for table in catalog.tables(schema):
            place = (CATALOG.lower(), schema, table.name)
            if name == "tables":
                yield (*place, "VIEW" if table.is_view else "BASE TABLE")
            elif name == "columns":
                yield from ((*place, *column) for column in _columns(table))
            elif table.is_view:
                yield (*place, table.description.get("ViewOriginalText"))


def _columns(table: Table) -> Iterator[Sequence[str | int | None]]:
    keys = {key["Name"] for key in table.keys}
    for position, column in enumerate([*table.columns, *table.keys], 1):
        extra = "partition key" if column["Name"] in keys else None
        yield column["Name"], position, None, "YES", _type_name(column), column.get("Comment"), extra


def _type_name(column: dict[str, str]) -> str:
    try:
        return str(from_hive(column.get("Type") or "string"))
    except QueryFailed:  # a type of another engine's; listing must not fail for it
        return column.get("Type") or ""


def _cell(value: str | int | None) -> str:
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else literal(value)
