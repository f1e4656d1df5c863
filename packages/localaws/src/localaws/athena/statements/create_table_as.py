"""CREATE TABLE AS: a query's rows as the files of a new table.

https://docs.aws.amazon.com/athena/latest/ug/create-table-as.html
"""

from typing import Any

from localaws.athena.catalog import Partition
from localaws.athena.errors import QueryFailed
from localaws.athena.hive_types import to_hive
from localaws.athena.results.column_info import ColumnInfo
from localaws.athena.session import Outcome, Session
from localaws.athena.sql.compiled import CompiledQuery
from localaws.athena.statements.create_table import storage_formats
from localaws.athena.statements.statement import CreateTableAs
from localaws.athena.statements.write import Form, Written, form_of, write
from localaws.athena.tables.location import bucket_and_prefix

__all__ = ["ROWS", "column_names", "create_table_as", "require_empty"]

ROWS = (ColumnInfo("rows", "bigint", 19, 0, case_sensitive=False),)
_KNOWN = {
    "format", "external_location", "partitioned_by", "write_compression", "parquet_compression",
    "field_delimiter", "table_type", "is_external", "json_compression", "textfile_compression",
}  # fmt: skip
_JSON_SERDE = "org.openx.data.jsonserde.JsonSerDe"


def create_table_as(statement: CreateTableAs, session: Session) -> Outcome:
    """Write the rows and register the table."""
    database, name = _place(statement, session)
    if session.catalog.table(database, name) is not None:
        if statement.if_missing:
            return Outcome(ROWS, update_count=0, written=())
        raise QueryFailed("TABLE_ALREADY_EXISTS", f"Destination table '{database}.{name}' already exists")
    if unknown := sorted(set(statement.properties) - _KNOWN):
        raise QueryFailed("NOT_SUPPORTED", f"table property {', '.join(unknown)}")
    if statement.properties.get("table_type", "HIVE").upper() != "HIVE":
        raise QueryFailed(
            "NOT_SUPPORTED", f"table_type {statement.properties['table_type']}: only HIVE is supported"
        )
    form = form_of(statement.properties)
    compiled = session.compiled(statement.query)
    names = column_names(compiled)
    keys = [key.lower() for key in statement.properties.get("partitioned_by", [])]
    if keys != names[len(names) - len(keys) :]:
        raise QueryFailed(
            "HIVE_COLUMN_ORDER_MISMATCH",
            "Partition keys must be the last columns in the table and in the same order as the table "
            f"properties: {keys}",
        )
    location = statement.properties.get("external_location") or f"{session.output}tables/{session.query_id}/"
    location = location if location.endswith("/") else f"{location}/"
    require_empty(location, session)
    written = Written((), 0, ())
    if statement.with_data:
        written = write(session, compiled, names, location, form, keys)
    table = _table(name, compiled, names, keys, location, form)
    session.catalog.create_table(database, table)
    created = session.catalog.require_table(database, name)
    for values in written.partitions:
        folder = "".join(f"{key}={value}/" for key, value in zip(keys, values, strict=True))
        storage = {**table["StorageDescriptor"], "Location": location + folder}
        session.catalog.add_partition(created, Partition(values, storage), if_missing=True)
    return Outcome(ROWS, update_count=written.rows, written=written.files)


def _place(statement: CreateTableAs, session: Session) -> tuple[str, str]:
    database = statement.name[-2] if len(statement.name) > 1 else session.database
    return session.catalog.require_database(database), statement.name[-1]


def column_names(compiled: CompiledQuery) -> list[str]:
    """The names of a query's columns, which it must give here, once each."""
    names: list[str] = []
    for position, column in enumerate(compiled.columns, 1):
        if column.name is None:
            raise QueryFailed("MISSING_COLUMN_NAME", f"Column name not specified at position {position}")
        if column.name.lower() in names:
            raise QueryFailed(
                "DUPLICATE_COLUMN_NAME", f"Column name '{column.name}' specified more than once"
            )
        names.append(column.name.lower())
    return names


def require_empty(location: str, session: Session) -> None:
    """Refuse a folder that is not empty, as Athena does."""
    bucket, prefix = bucket_and_prefix(location)
    if session.store.files(bucket, prefix):
        raise QueryFailed(
            "HIVE_PATH_ALREADY_EXISTS", f"Target directory for table already exists: {location}"
        )


def _table(
    name: str, compiled: CompiledQuery, names: list[str], keys: list[str], location: str, form: Form
) -> dict[str, Any]:
    columns = [
        {"Name": label, "Type": to_hive(column.type)}
        for label, column in zip(names, compiled.columns, strict=True)
    ]
    storage = storage_formats("PARQUET" if form.format == "PARQUET" else "TEXTFILE")
    if form.format == "JSON":
        storage["SerdeInfo"] = {"SerializationLibrary": _JSON_SERDE, "Parameters": {}}
    elif form.format == "TEXTFILE":
        storage["SerdeInfo"]["Parameters"] = {
            "field.delim": form.delimiter,
            "serialization.format": form.delimiter,
        }
    inner = len(columns) - len(keys)
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE"},
        "PartitionKeys": columns[inner:],
        "StorageDescriptor": {**storage, "Columns": columns[:inner], "Location": location},
    }
