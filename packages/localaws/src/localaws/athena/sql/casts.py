"""CAST as Trino does it: strict about text, rounding away from zero, truncating to a varchar's length."""

import re

from localaws.athena.errors import QueryFailed
from localaws.athena.sql import types
from localaws.athena.sql.render import text_of
from localaws.athena.sql.typed import Typed, fail, literal
from localaws.athena.sql.types import Type, can_coerce, duckdb_type

__all__ = ["cast", "coerce"]

_NAMES = {"integer": "INT"}  # as Trino's messages call them
_INTEGER_TEXT = "[+-]?[0-9]+"
_DATE_TEXT = r"\s*[+-]?\d+-\d{1,2}-\d{1,2}\s*"
_TIMESTAMP_TEXT = r"\s*[+-]?\d+-\d{1,2}-\d{1,2}( \d{1,2}:\d{1,2}(:\d{1,2}(\.\d+)?)?)?\s*"
_ZONED_TEXT = (
    r"\s*[+-]?\d+-\d{1,2}-\d{1,2}( \d{1,2}:\d{1,2}(:\d{1,2}(\.\d+)?)?)?\s*([A-Za-z/_]+|[+-]\d\d:?\d\d)?\s*"
)
_TIME_TEXT = r"\s*\d{1,2}:\d{1,2}(:\d{1,2}(\.\d+)?)?\s*"


def cast(value: Typed, wanted: Type, where: str = "") -> Typed:
    """``CAST(value AS wanted)``; ``where`` is ``line L:C: `` of the cast.

    Raises QueryFailed (TYPE_MISMATCH) where Trino has no such cast.
    """
    if value.type.base == "unknown":
        return Typed(f"CAST({value.sql} AS {duckdb_type(wanted)})", wanted)
    sql = _cast(value.sql, value.type, wanted, 0, value.constant)
    if sql is None:
        raise QueryFailed("TYPE_MISMATCH", f"{where}Cannot cast {value.type} to {wanted}")
    return Typed(sql, wanted)


def coerce(value: Typed, wanted: Type) -> Typed:
    """``value`` as a ``wanted``, which it can be without being asked (``can_coerce``)."""
    if value.type == wanted or duckdb_type(value.type) == duckdb_type(wanted):
        return Typed(value.sql, wanted, value.constant)
    if value.type.base in {"date", "timestamp"} and wanted.base == "timestamp with time zone":
        return cast(value, wanted)
    return Typed(f"CAST({value.sql} AS {duckdb_type(wanted)})", wanted, value.constant)


def _cast(sql: str, given: Type, wanted: Type, depth: int, constant: str | None = None) -> str | None:
    """The SQL of the cast, or None where there is none. ``constant`` is the text where it is known."""
    if given.base in types.TEXTS and wanted.base not in types.TEXTS:
        return _from_text(sql, wanted, constant)
    if wanted.base in types.TEXTS:
        return _to_text(sql, given, wanted)
    if wanted.base == "json":
        return _to_json(sql, given)
    if given.base == "json":
        return _from_json(sql, wanted)
    if given.base in types.NUMBERS and wanted.base in (*types.NUMBERS, "boolean"):
        rounded = (
            f"round({sql})" if given.base in types.APPROXIMATE and wanted.base in types.INTEGERS else sql
        )
        return f"CAST({rounded} AS {duckdb_type(wanted)})"
    if given.base == "boolean" and wanted.base in (*types.NUMBERS, "boolean"):
        return f"CAST({sql} AS {duckdb_type(wanted)})"
    if given.base in types.MOMENTS and wanted.base in (*types.MOMENTS, "time"):
        return _between_moments(sql, given, wanted)
    if given.base == wanted.base and given.base in {"array", "map", "row"}:
        return _inside(sql, given, wanted, depth)
    if can_coerce(given, wanted) or given.base == wanted.base:
        return f"CAST({sql} AS {duckdb_type(wanted)})"
    return None


def _from_text(sql: str, wanted: Type, constant: str | None = None) -> str | None:
    target = duckdb_type(wanted)
    refused = fail("INVALID_CAST_ARGUMENT", f"'Cannot cast ''' || {sql} || ''' to {_name(wanted)}'", target)
    if wanted.base in types.INTEGERS:
        return _when_text_is(_INTEGER_TEXT, sql, f"CAST({sql} AS {target})", refused, constant)
    if wanted.base in types.APPROXIMATE:
        number = f"TRY_CAST({sql} AS {target})"
        return f"CASE WHEN {number} IS NULL AND {sql} IS NOT NULL THEN {refused} ELSE {number} END"
    if wanted.base == "decimal":
        pattern = r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*"
        return _when_text_is(pattern, sql, f"CAST({sql} AS {target})", refused, constant)
    if wanted.base == "boolean":
        true, false = (
            f"WHEN lower({sql}) IN {words} THEN" for words in (("t", "true", "1"), ("f", "false", "0"))
        )
        return f"CASE {true} TRUE {false} FALSE WHEN {sql} IS NOT NULL THEN {refused} END"
    moment = {
        "date": _DATE_TEXT,
        "timestamp": _TIMESTAMP_TEXT,
        "timestamp with time zone": _ZONED_TEXT,
        "time": _TIME_TEXT,
    }.get(wanted.base)
    if moment is not None:
        refused = fail("INVALID_CAST_ARGUMENT", f"'Value cannot be cast to {wanted.base}: ' || {sql}", target)
        short = (
            f"CASE WHEN length(trim({sql})) < 6 THEN {sql} || ':00' ELSE {sql} END"
            if wanted.base == "time"
            else sql
        )
        return _when_text_is(moment, sql, f"CAST({short} AS {target})", refused, constant)
    if wanted.base == "varbinary":
        return f"encode({sql})"
    if wanted.base == "json":
        return f"to_json({sql})"
    return None


def _when_text_is(pattern: str, sql: str, then: str, otherwise: str, constant: str | None) -> str:
    if constant is not None:
        return then if re.fullmatch(pattern, constant) else otherwise
    fits = f"regexp_full_match({sql}, {literal(pattern)})"
    return f"CASE WHEN {fits} THEN {then} WHEN {sql} IS NOT NULL THEN {otherwise} END"


def _name(kind: Type) -> str:
    return _NAMES.get(kind.base, str(kind).upper().replace(",", ", "))


def _to_text(sql: str, given: Type, wanted: Type) -> str | None:
    if given.base in {"array", "map", "row", "varbinary"}:
        return None
    text = f"athena_json_value({sql})" if given.base == "json" else text_of(sql, given)
    if wanted.base == "char":
        return f"rpad({text}, {wanted.length or 1}, ' ')"
    cuts = wanted.length is not None and (
        given.base not in types.TEXTS or given.length is None or given.length > wanted.length
    )
    return f"left({text}, {wanted.length})" if cuts else text


def _to_json(sql: str, given: Type, depth: int = 0) -> str | None:
    if given.base == "row":
        values = [
            _to_json(f"struct_extract({sql}, 'f{i}')", given.inner(i), depth) for i in range(len(given.names))
        ]
        if None in values:
            return None
        fields = [f"{literal(name or '')}, {value}" for name, value in zip(given.names, values, strict=True)]
        return f"json_object({', '.join(fields)})"
    if given.base == "array" and given.element.base in {"row", "array", "map"}:
        element = _to_json(f"j{depth}", given.element, depth + 1)
        return element and f"to_json(list_transform({sql}, lambda j{depth}: {element}))"
    if given.base in {"varbinary", "interval day to second", "interval year to month"}:
        return None
    text = text_of(sql, given) if given.base in {"timestamp", "timestamp with time zone"} else sql
    return f"to_json({text})"


def _from_json(sql: str, wanted: Type) -> str | None:
    if wanted.base in {"varbinary", "row"}:
        return None
    if wanted.base in {"array", "map"}:
        return f"CAST({sql} AS {duckdb_type(wanted)})"
    return _from_text(f"athena_json_value({sql})", wanted)


def _between_moments(sql: str, given: Type, wanted: Type) -> str:
    if given.base == "timestamp with time zone" and wanted.base != given.base:
        return f"CAST(timezone({literal(given.zone)}, {sql}) AS {duckdb_type(wanted)})"
    if wanted.base == "timestamp with time zone" and wanted.base != given.base:
        return f"timezone({literal(wanted.zone)}, CAST({sql} AS TIMESTAMP))"
    if wanted.base == "timestamp" and given.base == "timestamp" and wanted.precision < given.precision:
        unit = {0: "second", 3: "milliseconds"}.get(wanted.precision)
        if unit == "milliseconds":
            return f"make_timestamp(CAST(round(epoch_us({sql}) / 1000.0) AS BIGINT) * 1000)"
        if unit == "second":
            return f"make_timestamp(CAST(round(epoch_us({sql}) / 1000000.0) AS BIGINT) * 1000000)"
    return f"CAST({sql} AS {duckdb_type(wanted)})"


def _inside(sql: str, given: Type, wanted: Type, depth: int) -> str | None:
    if len(given.parameters) != len(wanted.parameters):
        return None
    name = f"k{depth}"
    if given.base == "array":
        element = _cast(name, given.element, wanted.element, depth + 1)
        return element and f"list_transform({sql}, lambda {name}: {element})"
    if given.base == "map":
        key = _cast(f"{name}.key", given.key, wanted.key, depth + 1)
        value = _cast(f"{name}.value", given.value, wanted.value, depth + 1)
        pair = f"struct_pack(key := {key}, value := {value})"
        return (
            key and value and f"map_from_entries(list_transform(map_entries({sql}), lambda {name}: {pair}))"
        )
    fields = [
        _cast(f"struct_extract({sql}, 'f{i}')", given.inner(i), wanted.inner(i), depth)
        for i in range(len(given.parameters))
    ]
    if not all(fields):
        return None
    packed = ", ".join(f"f{i} := {field}" for i, field in enumerate(fields))
    return f"CASE WHEN {sql} IS NOT NULL THEN struct_pack({packed}) END"
