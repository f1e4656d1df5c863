"""SHOW, DESCRIBE and EXPLAIN: information from the catalog and the engine, as text."""

import fnmatch
from collections.abc import Sequence

from localaws.athena.catalog import Table
from localaws.athena.errors import QueryFailed
from localaws.athena.results.column_info import ColumnInfo, hive_column
from localaws.athena.results.text_file import text_file
from localaws.athena.session import Outcome, Session
from localaws.athena.statements import statement as s
from localaws.athena.statements.lookup import table_of
from localaws.athena.views import view_query

__all__ = ["describe", "explain", "show"]


def show(statement: s.Show, session: Session) -> Outcome:
    catalog = session.catalog
    if statement.what == "databases":
        return _listing("database_name", [found["Name"] for found in catalog.databases()], statement.like)
    if statement.what in {"tables", "views"}:
        database = catalog.require_database(statement.name[-1] if statement.name else session.database)
        tables = [table for table in catalog.tables(database) if statement.what == "tables" or table.is_view]
        return _listing(
            "tab_name" if statement.what == "tables" else "views",
            [table.name for table in tables],
            statement.like,
        )
    table = table_of(statement.name, session)
    if statement.what == "columns":
        names = [column["Name"] for column in [*table.columns, *table.keys]]
        return _text(["field"], [[name.ljust(20)] for name in names])
    if statement.what == "partitions":
        return _partitions(table, session)
    if statement.what == "properties":
        return _properties(table, statement.like)
    if statement.what == "create_view" or table.is_view:
        lines = [f"CREATE VIEW {table.database}.{table.name} AS", *view_query(table).splitlines()]
        return _text(["create view"], [[line] for line in lines])
    return _text(["createtab_stmt"], [[line] for line in create_table_text(table)])


def describe(statement: s.Describe, session: Session) -> Outcome:
    table = table_of(statement.name, session)
    rows = [_described(column) for column in [*table.columns, *table.keys]]
    if table.keys:
        rows += [[" ".ljust(20), "".ljust(20), "".ljust(20)]]
        rows += [["# Partition Information".ljust(20), "".ljust(20), "".ljust(20)]]
        rows += [["# col_name".ljust(20), "data_type".ljust(20), "comment".ljust(20)]]
        rows += [_described(column) for column in table.keys]
    return _text(["col_name", "data_type", "comment"], rows)


def explain(statement: s.Explain, session: Session) -> Outcome:
    """DuckDB's plan: there is no Trino that could be asked for one."""
    compiled = session.compiled(statement.query)
    rows = session.execute(f"EXPLAIN {compiled.sql}")
    lines = [line for row in rows for line in str(row[-1]).splitlines()]
    columns = (ColumnInfo("Query Plan", "varchar", 0, 0, case_sensitive=True),)
    return Outcome(columns, ".txt", text_file([["Query Plan (of DuckDB)"], *[[line] for line in lines]]))


def create_table_text(table: Table) -> list[str]:
    """The lines of CREATE EXTERNAL TABLE as Athena prints them."""
    serde = table.storage.get("SerdeInfo") or {}
    lines = [f"CREATE EXTERNAL TABLE `{table.database}.{table.name}`("]
    lines += _column_lines(table.columns)
    if table.keys:
        lines += ["PARTITIONED BY ( ", *_column_lines(table.keys)]
    lines += ["ROW FORMAT SERDE ", f"  '{serde.get('SerializationLibrary', '')}' "]
    if serde.get("Parameters"):
        lines += ["WITH SERDEPROPERTIES ( ", *_property_lines(serde["Parameters"], " ")]
    lines += ["STORED AS INPUTFORMAT ", f"  '{table.storage.get('InputFormat', '')}' "]
    lines += ["OUTPUTFORMAT ", f"  '{table.storage.get('OutputFormat', '')}'"]
    lines += ["LOCATION", f"  '{table.storage.get('Location', '')}'"]
    shown = {key: value for key, value in table.parameters.items() if key != "EXTERNAL"}
    if shown:
        lines += ["TBLPROPERTIES (", *_property_lines(shown, "")]
    return lines


def _column_lines(columns: Sequence[dict[str, str]]) -> list[str]:
    lines = []
    for index, column in enumerate(columns):
        comment = f" COMMENT '{column['Comment']}'" if column.get("Comment") else ""
        lines.append(
            f"  `{column['Name']}` {column['Type']}{comment}" + (", " if index < len(columns) - 1 else ")")
        )
    return lines


def _property_lines(properties: dict[str, str], space: str) -> list[str]:
    pairs = sorted(properties.items())
    escaped = [
        (key, str(value).encode("unicode_escape").decode().replace("'", "\\'")) for key, value in pairs
    ]
    last = len(escaped) - 1
    return [
        f"  '{key}'='{value}'" + (f",{space}" if index < last else f"){space}")
        for index, (key, value) in enumerate(escaped)
    ]


def _described(column: dict[str, str]) -> list[str]:
    return [column["Name"].ljust(20), column["Type"].ljust(20), column.get("Comment", "").ljust(20)]


def _partitions(table: Table, session: Session) -> Outcome:
    if not table.keys:
        raise QueryFailed(
            None, f"FAILED: SemanticException [Error 10241]: Table {table.name} is not a partitioned table"
        )
    keys = [key["Name"] for key in table.keys]
    rows = [
        ["/".join(f"{key}={value}" for key, value in zip(keys, partition.values, strict=True))]
        for partition in session.catalog.partitions(table)
    ]
    return _text(["partition"], rows)


def _properties(table: Table, key: str | None) -> Outcome:
    if key is not None:
        value = table.parameters.get(
            key, f"Table {table.database}.{table.name} does not have property: {key}"
        )
        return _text(["prpt_name", "prpt_value"], [[value]])
    return _text(
        ["prpt_name", "prpt_value"], [[name, str(value)] for name, value in sorted(table.parameters.items())]
    )


def _listing(column: str, names: Sequence[str], like: str | None) -> Outcome:
    """``like`` is Hive's pattern: ``*`` for anything and ``|`` for or."""
    patterns = like.lower().split("|") if like else ["*"]
    found = [
        name for name in names if any(fnmatch.fnmatchcase(name.lower(), pattern) for pattern in patterns)
    ]
    return _text([column], [[name] for name in found])


def _text(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Outcome:
    return Outcome(tuple(hive_column(column) for column in columns), ".txt", text_file(rows))
