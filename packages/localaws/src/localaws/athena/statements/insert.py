"""INSERT INTO: a query's rows as one more file of a table."""

from localaws.athena.catalog import Partition, Table
from localaws.athena.errors import QueryFailed
from localaws.athena.hive_types import from_hive
from localaws.athena.session import Outcome, Session
from localaws.athena.sql.casts import coerce
from localaws.athena.sql.compiled import CompiledQuery, OutputColumn
from localaws.athena.sql.typed import Typed
from localaws.athena.sql.types import Type, can_coerce, duckdb_type
from localaws.athena.statements.create_table_as import ROWS
from localaws.athena.statements.lookup import table_of
from localaws.athena.statements.statement import Insert
from localaws.athena.statements.write import Form, write
from localaws.athena.tables.lazy_simple import delimiter
from localaws.athena.tables.scan import LAZY_SIMPLE, PARQUET

__all__ = ["insert"]


def insert(statement: Insert, session: Session) -> Outcome:
    """Write the rows where the table has its files; new partitions are registered."""
    table = table_of(statement.name, session)
    form = _form(table)
    columns = [*table.columns, *table.keys]
    names = [column["Name"].lower() for column in columns]
    kinds = [from_hive(column["Type"]) for column in columns]
    compiled = _arranged(session.compiled(statement.query), statement.columns or tuple(names), names, kinds)
    keys = [key["Name"].lower() for key in table.keys]
    location = table.storage["Location"]
    written = write(session, compiled, names, location, form, keys)
    for values in written.partitions:
        folder = "".join(f"{key}={value}/" for key, value in zip(keys, values, strict=True))
        storage = {**table.storage, "Location": f"{location.rstrip('/')}/{folder}"}
        session.catalog.add_partition(table, Partition(values, storage), if_missing=True)
    return Outcome(ROWS, update_count=written.rows, written=written.files)


def _form(table: Table) -> Form:
    serde = table.storage.get("SerdeInfo") or {}
    library, properties = serde.get("SerializationLibrary"), serde.get("Parameters") or {}
    if library == PARQUET:
        return Form("PARQUET", "gzip")
    if library == LAZY_SIMPLE and not table.parameters.get("skip.header.line.count"):
        return Form("TEXTFILE", "gzip", delimiter(properties.get("field.delim") or "\x01"))
    raise QueryFailed("NOT_SUPPORTED", f"INSERT INTO a table with {library}")


def _arranged(
    compiled: CompiledQuery, given: tuple[str, ...], names: list[str], kinds: list[Type]
) -> CompiledQuery:
    """The query's columns in the order and types of the table's; those that it does not give are NULL."""
    if unknown := [name for name in given if name not in names]:
        raise QueryFailed(
            "COLUMN_NOT_FOUND", f"Insert column name does not exist in target table: {unknown[0]}"
        )
    if len(given) != len(compiled.columns):
        shown = f"Table: [{len(given)}], Query: [{len(compiled.columns)}]"
        raise QueryFailed("TYPE_MISMATCH", f"Insert query has mismatched column count: {shown}")
    source = dict(zip(given, compiled.columns, strict=True))
    values: list[str] = []
    columns: list[OutputColumn] = []
    for index, (name, kind) in enumerate(zip(names, kinds, strict=True)):
        column = source.get(name)
        if column is None:
            values.append(f"CAST(NULL AS {duckdb_type(kind)}) AS t{index}")
        elif can_coerce(column.type, kind) or {column.type.base, kind.base} <= {"varchar", "char"}:
            values.append(f"{coerce(Typed(column.sql, column.type), kind).sql} AS t{index}")
        else:
            raise QueryFailed(
                "TYPE_MISMATCH",
                f"Insert query has mismatched column types: {name} is {kind}, the query has {column.type}",
            )
        columns.append(OutputColumn(name, kind, f"t{index}"))
    return CompiledQuery(f"SELECT {', '.join(values)} FROM ({compiled.sql})", tuple(columns))
