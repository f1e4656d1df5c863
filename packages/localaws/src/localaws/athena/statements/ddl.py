"""Statements that change the catalog and nothing else."""

from dataclasses import replace
from typing import Any

from localaws.athena.catalog import Partition, Table
from localaws.athena.errors import QueryFailed
from localaws.athena.session import Outcome, Session
from localaws.athena.statements import statement as s
from localaws.athena.statements.create_table_as import column_names
from localaws.athena.statements.lookup import place_of, table_of
from localaws.athena.tables.location import bucket_and_prefix, data_files
from localaws.athena.views import view_table

__all__ = [
    "alter_table",
    "create_database",
    "create_table",
    "create_view",
    "drop",
    "drop_database",
    "repair_table",
]

_DONE = Outcome(ending=".txt")


def create_database(statement: s.CreateDatabase, session: Session) -> Outcome:
    session.catalog.create_database(
        statement.name, dict(statement.description), if_missing=statement.if_missing
    )
    return _DONE


def drop_database(statement: s.DropDatabase, session: Session) -> Outcome:
    session.catalog.drop_database(statement.name, if_exists=statement.if_exists, cascade=statement.cascade)
    return _DONE


def create_table(statement: s.CreateTable, session: Session) -> Outcome:
    database, name = place_of(statement.name, session)
    bucket_and_prefix(statement.description["StorageDescriptor"]["Location"])  # or it is no location
    session.catalog.create_table(
        database, {"Name": name, **statement.description}, if_missing=statement.if_missing
    )
    return _DONE


def create_view(statement: s.CreateView, session: Session) -> Outcome:
    """The query is compiled, so a view that cannot work is refused at once."""
    database, name = place_of(statement.name, session)
    session.catalog.require_database(database)
    compiled = session.compiled(statement.query, ())
    column_names(compiled)
    table = view_table(name, statement.query, session.database, compiled)
    known = session.catalog.table(database, name)
    if known is None:
        session.catalog.create_table(database, table)
    elif not statement.replaces or not known.is_view:
        raise QueryFailed(
            "TABLE_ALREADY_EXISTS",
            f"{'View' if known.is_view else 'Table'} already exists: '{database}.{name}'",
        )
    else:
        session.catalog.update_table(known, table)
    return _DONE


def drop(statement: s.Drop, session: Session) -> Outcome:
    database, name = place_of(statement.name, session)
    table = session.catalog.table(database, name) if session.catalog.database(database) else None
    if table is None:
        if statement.if_exists:
            return _DONE
        if statement.view:
            raise QueryFailed("TABLE_NOT_FOUND", f"View 'awsdatacatalog.{database}.{name}' does not exist")
        raise QueryFailed(None, f"FAILED: SemanticException [Error 10001]: Table not found {database}.{name}")
    if table.is_view != statement.view:
        word = "VIEW" if table.is_view else "TABLE"
        raise QueryFailed("GENERIC_USER_ERROR", f"'{database}.{name}' is a {word.lower()}: use DROP {word}")
    session.catalog.drop_table(table)
    return _DONE


def repair_table(statement: s.RepairTable, session: Session) -> Outcome:
    """Register the folders ``key=value/`` under the location that are no partitions yet."""
    table = table_of(statement.name, session)
    keys = [key["Name"].lower() for key in table.keys]
    if not keys:
        raise QueryFailed(
            None, f"FAILED: Execution Error, return code 1: {table.name} is not a partitioned table"
        )
    location = table.storage["Location"]
    bucket, prefix = bucket_and_prefix(location)
    found: dict[tuple[str, ...], str] = {}
    for stored in data_files(session.store, location):
        folders = stored.key[len(prefix) :].split("/")[: len(keys)]
        pairs = [folder.partition("=") for folder in folders]
        if [pair[0].lower() for pair in pairs] == keys and all(pair[1] for pair in pairs):
            found.setdefault(tuple(pair[2] for pair in pairs), f"s3://{bucket}/{prefix}{'/'.join(folders)}/")
    added = []
    for values, folder in found.items():
        storage = {**table.storage, "Location": folder}
        if session.catalog.add_partition(table, Partition(values, storage), if_missing=True):
            added.append(
                f"{table.name}:{'/'.join(f'{key}={value}' for key, value in zip(keys, values, strict=True))}"
            )
    lines = [f"Partitions not in metastore:\t{' '.join(added)}"] if added else []
    lines += [f"Repair: Added partition to metastore {each}" for each in added]
    return replace(_DONE, body="".join(f"{line}\n" for line in lines).encode())


def alter_table(statement: s.AlterTable, session: Session) -> Outcome:
    table = table_of(statement.name, session)
    if statement.action == "add_columns":
        columns = [*table.columns, *(dict(column) for column in statement.columns)]
        session.catalog.update_table(table, {"StorageDescriptor": {**table.storage, "Columns": columns}})
    elif statement.action == "set_properties":
        session.catalog.update_table(table, {"Parameters": {**table.parameters, **statement.properties}})
    elif statement.action == "set_location" and not statement.partitions:
        session.catalog.update_table(
            table, {"StorageDescriptor": {**table.storage, "Location": statement.location}}
        )
    else:
        for spec, location in statement.partitions:
            _alter_partition(statement, session, table, dict(spec), location)
    return _DONE


def _alter_partition(
    statement: s.AlterTable, session: Session, table: Table, spec: dict[str, str], location: str | None
) -> None:
    keys = [key["Name"].lower() for key in table.keys]
    if sorted(spec) != sorted(keys):
        raise QueryFailed(
            None, f"FAILED: SemanticException partition spec {spec} does not name the partition keys {keys}"
        )
    values = tuple(spec[key] for key in keys)
    if statement.action == "drop_partitions":
        session.catalog.drop_partition(table, values, if_exists=statement.lenient)
        return
    folder = "".join(f"{key}={value}/" for key, value in zip(keys, values, strict=True))
    place = statement.location or location or f"{table.storage['Location'].rstrip('/')}/{folder}"
    storage: dict[str, Any] = {**table.storage, "Location": place}
    if statement.action == "add_partitions":
        session.catalog.add_partition(table, Partition(values, storage), if_missing=statement.lenient)
    else:
        session.catalog.update_partition(table, Partition(values, storage))
