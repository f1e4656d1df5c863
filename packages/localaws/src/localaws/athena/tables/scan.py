"""A Glue table as a SELECT of DuckDB's over the files of its location and partitions."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from localaws.athena.catalog import Partition, Table
from localaws.athena.errors import QueryFailed
from localaws.athena.hive_types import from_hive
from localaws.athena.sql.casts import cast
from localaws.athena.sql.source import TableSource
from localaws.athena.sql.typed import Typed, literal
from localaws.athena.sql.types import Type, duckdb_type, varchar
from localaws.athena.tables.json_lines import read_json_lines
from localaws.athena.tables.lazy_simple import read_lazy_simple
from localaws.athena.tables.location import bucket_and_prefix, data_files
from localaws.athena.tables.open_csv import csv_form, read_open_csv
from localaws.athena.tables.parquet import read_parquet
from localaws.athena.tables.text_lines import TextFile, TextFiles
from localaws.athena.tables.workspace import Workspace
from localaws.objects import ObjectStore, StoredObject

__all__ = ["LAZY_SIMPLE", "OPEN_CSV", "PARQUET", "scan"]

PARQUET = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
LAZY_SIMPLE = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
OPEN_CSV = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
JSON = (
    "org.openx.data.jsonserde.JsonSerDe",
    "org.apache.hive.hcatalog.data.JsonSerDe",
    "org.apache.hadoop.hive.serde2.JsonSerDe",
)
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
_TRIES, _PAUSE = 20, 0.002  # to open an object that is being replaced, and seconds between


def scan(
    table: Table, partitions: Sequence[Partition], store: ObjectStore, workspace: Workspace
) -> TableSource:
    """The rows of ``table``; its files become inputs of the workspace.

    Raises QueryFailed for a SerDe or type that is not supported.
    """
    columns = [
        (column["Name"].lower(), from_hive(column.get("Type") or "string")) for column in table.columns
    ]
    keys = [(key["Name"].lower(), from_hive(key.get("Type") or "string")) for key in table.keys]
    names = [f"p{index}" for index in range(len(columns))]
    branches: list[str] = []
    for partition in partitions if keys else [Partition((), table.storage)]:
        values = [_key_value(text, kind) for text, (_, kind) in zip(partition.values, keys, strict=True)]
        for branch in _branches(table, partition.storage, columns, store, workspace):
            # A SELECT for every partition, its key a constant: a filter on the key leaves out the rest.
            alias = f"AS files({', '.join(names)})" if names else "AS files"
            branches.append(f"SELECT {', '.join([*names, *values])} FROM ({branch}) {alias}")
    if not branches:
        nothing = ", ".join(f"CAST(NULL AS {duckdb_type(kind)})" for _, kind in [*columns, *keys])
        branches.append(f"SELECT {nothing} WHERE FALSE")
    return TableSource((*columns, *keys), " UNION ALL ".join(branches))


def _branches(
    table: Table,
    storage: Mapping[str, Any],
    columns: Sequence[tuple[str, Type]],
    store: ObjectStore,
    workspace: Workspace,
) -> list[str]:
    """SELECTs of the files of one location, one for every way in which they have to be read."""
    serde = storage.get("SerdeInfo") or {}
    library = serde.get("SerializationLibrary") or LAZY_SIMPLE
    properties = {key: str(value) for key, value in (serde.get("Parameters") or {}).items()}
    names, kinds = [name for name, _ in columns], [kind for _, kind in columns]
    if library not in {PARQUET, LAZY_SIMPLE, OPEN_CSV, *JSON}:
        raise QueryFailed("NOT_SUPPORTED", f"SerDe {library} of table {table.database}.{table.name}")
    opened = _open(storage.get("Location") or "", store, workspace)
    if not opened:
        return []
    if library == PARQUET:
        return [read_parquet([path for path, _ in opened], names, kinds)]
    text_files = [TextFile.of(path, key).with_one_line_end() for path, key in opened]
    workspace.inputs.extend(file.path for file in text_files if file.path not in workspace.inputs)
    skip = int(table.parameters.get("skip.header.line.count") or 0)
    found = []
    for (compression, form), paths in _alike(text_files, library, properties).items():
        files = TextFiles(tuple(paths), compression, skip)
        if library == LAZY_SIMPLE:
            found.append(read_lazy_simple(files, kinds, properties))
        elif library == OPEN_CSV:
            lenient = table.parameters.get("use.null.for.invalid.data", "").lower() == "true"
            found.append(read_open_csv(files, kinds, properties, form, invalid_is_null=lenient))
        else:
            found.append(read_json_lines(files, names, kinds, properties))
    return found


def _open(location: str, store: ObjectStore, workspace: Workspace) -> list[tuple[Path, str]]:
    """The files of a location and their keys."""
    bucket, _ = bucket_and_prefix(location)
    opened = []
    for listed in data_files(store, location):
        found: StoredObject | None = listed
        for _ in range(_TRIES):
            if found is None:  # deleted since it was listed
                break
            try:
                opened.append((workspace.read(found), found.key))
                break
            except FileNotFoundError:  # being replaced at this moment
                time.sleep(_PAUSE)
                found = store.resolve(bucket, listed.key)
        else:
            message = f"s3://{bucket}/{listed.key} is replaced faster than it can be opened"
            raise QueryFailed("HIVE_CANNOT_OPEN_SPLIT", message)
    return opened


def _alike(
    files: Sequence[TextFile], library: str, properties: Mapping[str, str]
) -> dict[tuple[str, str], list[Path]]:
    """The files by how they are compressed and, for quoted CSV, by what there is to take care of."""
    groups: dict[tuple[str, str], list[Path]] = {}
    for file in files:
        form = csv_form(file, properties) if library == OPEN_CSV else ""
        groups.setdefault((file.compression, form), []).append(file.path)
    return groups


def _key_value(text: str, kind: Type) -> str:
    if text == _NO_VALUE:
        return f"CAST(NULL AS {duckdb_type(kind)})"
    return cast(Typed(literal(text), varchar(), text), kind).sql
