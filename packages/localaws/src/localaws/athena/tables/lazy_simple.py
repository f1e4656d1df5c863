"""LazySimpleSerDe: values between delimiters, without quotes; what does not fit its type is NULL.

https://docs.aws.amazon.com/athena/latest/ug/lazy-simple-serde.html
"""

from collections.abc import Mapping, Sequence

from localaws.athena.errors import QueryFailed
from localaws.athena.sql import types
from localaws.athena.sql.casts import rounded
from localaws.athena.sql.typed import literal
from localaws.athena.sql.types import Type, duckdb_type
from localaws.athena.tables.text_lines import TextFiles

__all__ = ["read_lazy_simple", "value_of"]

_INTEGER = "[+-]?[0-9]+"
_DATE = r"\d{4}-\d{1,2}-\d{1,2}"
_TIMESTAMP = r"\d{4}-\d{1,2}-\d{1,2} \d{1,2}:\d{1,2}:\d{1,2}(\.\d{1,9})?"


def read_lazy_simple(files: TextFiles, columns: Sequence[Type], properties: Mapping[str, str]) -> str:
    """A SELECT that gives ``columns``."""
    field = delimiter(properties.get("field.delim") or properties.get("serialization.format") or "\x01")
    missing = properties.get("serialization.null.format", "\\N")
    escape = properties.get("escape.delim")
    inner = [
        delimiter(
            properties.get("collection.delim") or properties.get("colelction.delim") or "\x02"
        ),  # Hive's own typo
        delimiter(properties.get("mapkey.delim") or "\x03"),
    ]
    parts = f"string_split(line, {literal(field)})"
    if escape:
        # A delimiter after the escape character belongs to the value.
        hidden = f"replace(line, {literal(delimiter(escape) + field)}, chr(1114111))"
        shown = f"replace(p, chr(1114111), {literal(field)})"
        parts = f"list_transform(string_split({hidden}, {literal(field)}), lambda p: {shown})"
    values = [value_of(f"parts[{index + 1}]", kind, missing, inner) for index, kind in enumerate(columns)]
    return f"SELECT {', '.join(values)} FROM (SELECT {parts} AS parts FROM {files.lines()})"


def delimiter(given: str) -> str:
    """A delimiter as Hive takes it: a character, or the number of one.

    >>> delimiter("44"), delimiter("\\\\t"), delimiter("|")
    (',', '\\t', '|')
    """
    if given.isdigit() and len(given) > 1:
        return chr(int(given))
    if len(given) == 1 and given.isdigit():
        return chr(int(given))
    return given.replace("\\t", "\t").replace("\\001", "\x01")


def value_of(sql: str, kind: Type, missing: str, inner: Sequence[str]) -> str:
    """The text ``sql`` as a value of ``kind``; the text ``missing`` is NULL."""
    known = f"nullif({sql}, {literal(missing)})"
    if kind.base in {"array", "map", "row"}:
        return _container(known, kind, missing, inner)
    return typed_text(known, kind)


def typed_text(sql: str, kind: Type) -> str:
    """The text as a value of a simple type, NULL where it is none."""
    target = duckdb_type(kind)
    if kind.base == "varchar":
        return sql if kind.length is None else f"left({sql}, {kind.length})"
    if kind.base == "char":
        return f"rpad({sql}, {kind.length or 1}, ' ')"
    pattern = {"date": _DATE, "timestamp": _TIMESTAMP}.get(
        kind.base, _INTEGER if kind.base in types.INTEGERS else None
    )
    if pattern is not None:
        value = f"TRY_CAST({sql} AS {target})"
        if kind.base == "timestamp":
            value = rounded(value, kind.precision)
        return f"CASE WHEN regexp_full_match({sql}, {literal(pattern)}) THEN {value} END"
    if kind.base == "boolean":
        return f"CASE lower({sql}) WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END"
    if kind.base == "varbinary":
        return f"encode({sql})"
    return f"TRY_CAST({sql} AS {target})"


def _container(sql: str, kind: Type, missing: str, inner: Sequence[str]) -> str:
    if not inner:
        raise QueryFailed("NOT_SUPPORTED", f"{kind} nested that deep in a text file")
    items = f"string_split({sql}, {literal(inner[0])})"
    if kind.base == "array":
        element = value_of("i", kind.element, missing, inner[1:])
        return f"CASE WHEN {sql} = '' THEN [] ELSE list_transform({items}, lambda i: {element}) END"
    if kind.base == "map" and len(inner) > 1:
        pair = f"string_split(i, {literal(inner[1])})"
        key = value_of(f"{pair}[1]", kind.key, missing, ())
        value = value_of(f"{pair}[2]", kind.value, missing, ())
        pairs = f"list_transform({items}, lambda i: struct_pack(k := {key}, v := {value}))"
        return f"CASE WHEN {sql} = '' THEN MAP {{}} ELSE map_from_entries({pairs}) END"
    if kind.base == "row":
        fields = ", ".join(
            f"f{index} := {value_of(f'{items}[{index + 1}]', kind.inner(index), missing, inner[1:])}"
            for index in range(len(kind.parameters))
        )
        return f"CASE WHEN {sql} IS NOT NULL THEN struct_pack({fields}) END"
    raise QueryFailed("NOT_SUPPORTED", f"{kind} nested that deep in a text file")
