"""Views as Athena keeps them in Glue: the query and its columns as JSON, in base64, in a comment."""

import base64
import json
from typing import Any

from localaws.athena.catalog import CATALOG, VIEW, Table
from localaws.athena.errors import QueryFailed
from localaws.athena.hive_types import to_hive
from localaws.athena.sql.compiled import CompiledQuery
from localaws.athena.sql.source import ViewSource

__all__ = ["view_query", "view_source", "view_table"]

_HEAD, _TAIL = "/* Presto View: ", " */"


def view_table(name: str, query: str, database: str, compiled: CompiledQuery) -> dict[str, Any]:
    """Glue's TableInput of ``CREATE VIEW name AS query``."""
    columns = [(str(column.name).lower(), column.type) for column in compiled.columns]
    definition = {
        "originalSql": query,
        "catalog": CATALOG.lower(),
        "schema": database,
        "columns": [{"name": label, "type": str(kind)} for label, kind in columns],
    }
    encoded = base64.b64encode(json.dumps(definition).encode()).decode()
    return {
        "Name": name,
        "TableType": VIEW,
        "ViewOriginalText": f"{_HEAD}{encoded}{_TAIL}",
        "ViewExpandedText": "/* Presto View */",
        "Parameters": {"presto_view": "true", "comment": "Presto View"},
        "PartitionKeys": [],
        "StorageDescriptor": {
            "Columns": [{"Name": label, "Type": to_hive(kind)} for label, kind in columns],
            "Location": "",
            "SerdeInfo": {},
        },
    }


def view_source(table: Table) -> ViewSource:
    """What a query reads when it names the view.

    Raises QueryFailed for a view that another engine made.
    """
    definition = _definition(table)
    columns = tuple(str(column["name"]) for column in definition["columns"])
    return ViewSource(definition["originalSql"], definition.get("schema") or table.database, columns)


def view_query(table: Table) -> str:
    """The query of a view, for SHOW CREATE VIEW."""
    return str(_definition(table)["originalSql"])


def _definition(table: Table) -> dict[str, Any]:
    text = table.description.get("ViewOriginalText") or ""
    if not (text.startswith(_HEAD) and text.endswith(_TAIL)):
        raise QueryFailed("NOT_SUPPORTED", f"view {table.database}.{table.name} was not created by Athena")
    found: dict[str, Any] = json.loads(base64.b64decode(text[len(_HEAD) : -len(_TAIL)]))
    return found
