"""A Glue table as a SELECT of DuckDB's over the files of its location and partitions."""

from collections.abc import Mapping, Sequence
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
from localaws.athena.tables.location import data_files
from localaws.athena.tables.open_csv import csv_form, read_open_csv
from localaws.athena.tables.parquet import read_parquet
from localaws.athena.tables.text_lines import TextFile, TextFiles
from localaws.athena.tables.workspace import Workspace
from localaws.objects import ObjectStore

__all__ = ["LAZY_SIMPLE", "PARQUET", "scan"]

PARQUET = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
LAZY_SIMPLE = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
OPEN_CSV = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
JSON = (
    "org.openx.data.jsonserde.JsonSerDe",
    "org.apache.hive.hcatalog.data.JsonSerDe",
    "org.apache.hadoop.hive.serde2.JsonSerDe",
)
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
_TRIES = 5  # listings of a location whose objects are being replaced


def scan(
    table: Table, partitions: Sequence[Partition], store: ObjectStore, workspace: Workspace
) -> TableSource:
    """The rows of ``table``; its files become inputs of the workspace.

    Raises QueryFailed for a SerDe or type that is not supported.
    """
    names = [column["Name"].lower() for column in table.columns]
    kinds = [from_hive(column.get("Type") or "string") for column in table.columns]
    keys = [(key["Name"].lower(), from_hive(key.get("Type") or "string")) for key in table.keys]
    branches: list[str] = []
    for partition in partitions if keys else [Partition((), table.storage)]:
        values = [_key_value(text, kind) for text, (_, kind) in zip(partition.values, keys, strict=True)]
        for branch in _branches(table, partition.storage, names, kinds, store, workspace):
            constants = "".join(f", {value}" for value in values)
            inner = ", ".join(f"p{index}" for index in range(max(len(names), 1)))
            shown = ", ".join(f"p{index}" for index in range(len(names)))
            listed = f"{shown}{constants}" if shown else constants.removeprefix(", ")
            branches.append(f"SELECT {listed} FROM ({branch}) AS files({inner})")
    columns = tuple(zip(names, kinds, strict=True)) + tuple(keys)
    if not branches:
        nothing = ", ".join(f"CAST(NULL AS {duckdb_type(kind)})" for _, kind in columns)
        branches.append(f"SELECT {nothing} WHERE FALSE")
    return TableSource(columns, " UNION ALL ".join(branches))


def _branches(
    table: Table,
    storage: Mapping[str, Any],
    names: Sequence[str],
    kinds: Sequence[Type],
    store: ObjectStore,
    workspace: Workspace,
) -> list[str]:
    """SELECTs of the files of one location, one for every way in which they have to be read."""
    serde = storage.get("SerdeInfo") or {}
    library = serde.get("SerializationLibrary") or LAZY_SIMPLE
    properties = {key: str(value) for key, value in (serde.get("Parameters") or {}).items()}
    opened = _open(storage.get("Location") or table.storage.get("Location") or "", store, workspace)
    if not opened:
        return []
    if library == PARQUET:
        return [read_parquet([file.path for file, _ in opened], names, kinds)]
    skip = int(
        table.parameters.get("skip.header.line.count") or properties.get("skip.header.line.count") or 0
    )
    found = []
    for (compression, form), group in _grouped(
        [TextFile.of(file.path, key) for file, key in opened], library, properties
    ):
        files = TextFiles(tuple(group), compression, skip)
        if library == LAZY_SIMPLE:
            found.append(read_lazy_simple(files, kinds, properties))
        elif library == OPEN_CSV:
            lenient = table.parameters.get("use.null.for.invalid.data", "").lower() == "true"
            found.append(read_open_csv(files, kinds, properties, form, invalid_is_null=lenient))
        elif library in JSON:
            found.append(read_json_lines(files, names, kinds, properties))
        else:
            raise QueryFailed("NOT_SUPPORTED", f"SerDe {library} of table {table.name}")
    return found


def _open(location: str, store: ObjectStore, workspace: Workspace) -> list[tuple[Any, str]]:
    """The files of a location with their keys; listed again while objects vanish between listing and opening."""
    for attempt in range(_TRIES):
        before = len(workspace.inputs), workspace.scanned
        try:
            return [(_Opened(workspace.read(found)), found.key) for found in data_files(store, location)]
        except FileNotFoundError:
            for path in workspace.inputs[before[0] :]:
                path.unlink(missing_ok=True)
            del workspace.inputs[before[0] :]
            workspace.scanned = before[1]
            if attempt == _TRIES - 1:
                raise QueryFailed(
                    "HIVE_CANNOT_OPEN_SPLIT", f"the objects of {location} change faster than they can be read"
                ) from None
    return []


class _Opened:
    def __init__(self, path: Any) -> None:
        self.path = path


def _grouped(files: Sequence[TextFile], library: str, properties: Mapping[str, str]) -> list[Any]:
    groups: dict[tuple[str, str], list[Any]] = {}
    for file in files:
        form = csv_form(file, properties) if library == OPEN_CSV else ""
        groups.setdefault((file.compression, form), []).append(file.path)
    return list(groups.items())


def _key_value(text: str, kind: Type) -> str:
    if text == _NO_VALUE:
        return f"CAST(NULL AS {duckdb_type(kind)})"
    return cast(Typed(literal(text), varchar(), text), kind).sql
