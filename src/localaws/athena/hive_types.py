"""Types as Glue's catalog and the DDL write them (Hive's spelling), to and from Trino's."""

import re

from localaws.athena.errors import QueryFailed
from localaws.athena.sql import types
from localaws.athena.sql.types import Type

__all__ = ["from_hive", "to_hive"]

_SIMPLE = {
    "boolean": types.BOOLEAN,
    "tinyint": types.TINYINT,
    "smallint": types.SMALLINT,
    "int": types.INTEGER,
    "integer": types.INTEGER,
    "bigint": types.BIGINT,
    "float": types.REAL,
    "real": types.REAL,
    "double": types.DOUBLE,
    "string": types.VARCHAR,
    "varchar": types.VARCHAR,
    "binary": types.VARBINARY,
    "varbinary": types.VARBINARY,
    "date": types.DATE,
    "timestamp": types.TIMESTAMP,
    "decimal": types.decimal(10, 0),
    "json": types.JSON,
}
_TO_HIVE = {"integer": "int", "real": "float", "varbinary": "binary", "unknown": "string"}
_TOKEN = re.compile(r"\s*([<>(),:]|[^<>(),:\s]+)")


def from_hive(text: str) -> Type:
    """The type that ``text`` names.

    >>> str(from_hive("map<string,array<struct<a:int,b:decimal(5,2)>>>"))
    'map(varchar, array(row(a integer, b decimal(5,2))))'

    Raises QueryFailed on a type that Athena does not have.
    """
    tokens = _TOKEN.findall(text.strip())
    try:
        kind, rest = _read(tokens)
        if rest:
            raise IndexError
        return kind
    except (IndexError, ValueError, KeyError) as error:
        raise QueryFailed("INVALID_TABLE_PROPERTY", f"unknown type {text!r}") from error


def to_hive(kind: Type) -> str:
    """``kind`` as Glue writes it.

    >>> to_hive(types.array(types.row((types.INTEGER, types.varchar(3)), ("a", None))))
    'array<struct<a:int,field1:varchar(3)>>'

    Raises QueryFailed on a type that tables cannot have.
    """
    if kind.base == "array":
        return f"array<{to_hive(kind.element)}>"
    if kind.base == "map":
        return f"map<{to_hive(kind.key)},{to_hive(kind.value)}>"
    if kind.base == "row":
        names = [name or f"field{i}" for i, name in enumerate(kind.names)]
        return f"struct<{','.join(f'{name}:{to_hive(kind.inner(i))}' for i, name in enumerate(names))}>"
    if kind.base == "varchar":
        return "string" if kind.length is None else f"varchar({kind.length})"
    if kind.base in {"decimal", "char"}:
        return str(kind)
    if kind.base == "timestamp":
        return "timestamp"
    if kind.base in {"time", "timestamp with time zone"} or kind.base.startswith("interval"):
        raise QueryFailed("NOT_SUPPORTED", f"Unsupported Hive type: {kind}")
    return _TO_HIVE.get(kind.base, kind.base)


def _read(tokens: list[str]) -> tuple[Type, list[str]]:
    word, rest = tokens[0].lower(), tokens[1:]
    if word == "array":
        element, rest = _read(_after(rest, "<"))
        return types.array(element), _after(rest, ">")
    if word == "map":
        key, rest = _read(_after(rest, "<"))
        value, rest = _read(_after(rest, ","))
        return types.map_of(key, value), _after(rest, ">")
    if word == "struct":
        return _read_struct(_after(rest, "<"))
    if word in {"varchar", "char", "decimal"} and rest[:1] == ["("]:
        end = rest.index(")")
        numbers = [int(part) for part in rest[1:end] if part != ","]
        if word == "decimal":
            return types.decimal(numbers[0], numbers[1] if len(numbers) > 1 else 0), rest[end + 1 :]
        return Type(word, (numbers[0],)), rest[end + 1 :]
    return _SIMPLE[word], rest


def _read_struct(tokens: list[str]) -> tuple[Type, list[str]]:
    names: list[str | None] = []
    fields: list[Type] = []
    while True:
        names.append(tokens[0].lower())
        field, tokens = _read(_after(tokens[1:], ":"))
        fields.append(field)
        if tokens[0] == ">":
            return types.row(tuple(fields), tuple(names)), tokens[1:]
        tokens = _after(tokens, ",")


def _after(tokens: list[str], expected: str) -> list[str]:
    if tokens[0] != expected:
        raise ValueError(tokens[0])
    return tokens[1:]
