"""CAST as Trino does it: strict about text, rounding away from zero, truncating to a varchar's length."""

import re
from dataclasses import replace

from localaws.athena.errors import QueryFailed
from localaws.athena.sql import types, zones
from localaws.athena.sql.render import text_of
from localaws.athena.sql.typed import Typed, fail, literal
from localaws.athena.sql.types import Type, can_coerce, duckdb_type

__all__ = ["cast", "coerce", "rounded"]

DEFAULT_PRECISION, _MICROSECONDS = 3, 6  # digits of a second's fraction
_NAMES = {"integer": "INT"}  # as Trino's messages call them
_INTEGER_TEXT = "[+-]?[0-9]+"
_DATE_TEXT = r"\s*[+-]?\d+-\d{1,2}-\d{1,2}\s*"
_TIMESTAMP_TEXT = r"\s*[+-]?\d+-\d{1,2}-\d{1,2}( \d{1,2}:\d{1,2}(:\d{1,2}(\.\d+)?)?)?\s*"
_LOCAL_PART = r"\s*([+-]?\d+-\d{1,2}-\d{1,2}(?: \d{1,2}:\d{1,2}(?::\d{1,2}(?:\.\d+)?)?)?)"
_ZONE_PART = r"\s*([A-Za-z][A-Za-z0-9/_+-]*|[+-]\d\d?(?::?\d\d)?)?\s*"
_ZONED_TEXT = _LOCAL_PART + _ZONE_PART
_TIME_TEXT = r"\s*\d{1,2}:\d{1,2}(:\d{1,2}(\.\d+)?)?\s*"


def cast(value: Typed, wanted: Type, where: str = "") -> Typed:
    """``CAST(value AS wanted)``; ``where`` is ``line L:C: `` of the cast.

    Raises QueryFailed (TYPE_MISMATCH) where Trino has no such cast.
    """
    if value.type.base == "unknown":
        return Typed(f"CAST({value.sql} AS {duckdb_type(wanted)})", wanted)
    wanted = _with_zones(value.type, wanted, value.constant)
    sql = _cast(value.sql, value.type, wanted, 0, value.constant)
    if sql is None:
        raise QueryFailed("TYPE_MISMATCH", f"{where}Cannot cast {value.type} to {wanted}")
    return Typed(sql, wanted)


def coerce(value: Typed, wanted: Type) -> Typed:
    """``value`` as a ``wanted``, which it can be without being asked (``can_coerce``)."""
    if value.type == wanted or duckdb_type(value.type) == duckdb_type(wanted):
        return Typed(value.sql, wanted, value.constant)
    if _holds_zones(wanted) and value.type.base != "unknown":
        sql = _cast(value.sql, value.type, wanted, 0)
        if sql is not None:
            return Typed(sql, wanted)
    return Typed(f"CAST({value.sql} AS {duckdb_type(wanted)})", wanted, value.constant)


def rounded(sql: str, precision: int) -> str:
    """The timestamp ``sql``, which has microseconds, with ``precision`` digits of a second."""
    if precision == DEFAULT_PRECISION:
        return f"athena_milliseconds({sql})"
    if precision >= _MICROSECONDS:
        return sql
    step = 10 ** (_MICROSECONDS - precision)
    return f"make_timestamp(((epoch_us({sql}) + {step // 2}) // {step}) * {step})"


def _holds_zones(kind: Type) -> bool:
    inner = [each for each in kind.parameters if isinstance(each, Type)]
    return kind.base == "timestamp with time zone" or any(_holds_zones(each) for each in inner)


def _with_zones(given: Type, wanted: Type, constant: str | None = None) -> Type:
    """``wanted`` with the zones that its values will have."""
    if wanted.base == "timestamp with time zone":
        if given.base == wanted.base:
            return replace(wanted, zone=given.zone)
        if given.base in types.TEXTS:
            found = re.fullmatch(_ZONED_TEXT, constant or "")
            return replace(wanted, zone=zones.zone_name(found[2] or "") if found else None)
    elif given.base == wanted.base and len(given.parameters) == len(wanted.parameters):
        pairs = zip(given.parameters, wanted.parameters, strict=True)
        inner = [_with_zones(a, b) if isinstance(a, Type) and isinstance(b, Type) else b for a, b in pairs]
        return replace(wanted, parameters=tuple(inner))
    return wanted


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
        return _between_numbers(sql, given, wanted)
    if given.base == "boolean" and wanted.base in (*types.NUMBERS, "boolean"):
        return f"CAST({sql} AS {duckdb_type(wanted)})"
    if given.base in types.MOMENTS and wanted.base in (*types.MOMENTS, "time"):
        return _between_moments(sql, given, wanted)
    if given.base == wanted.base == "time":
        return _time(sql, wanted.precision)
    if given.base == wanted.base and given.base in {"array", "map", "row"}:
        return _inside(sql, given, wanted, depth)
    if can_coerce(given, wanted) or given.base == wanted.base:
        return f"CAST({sql} AS {duckdb_type(wanted)})"
    return None


def _between_numbers(sql: str, given: Type, wanted: Type) -> str:
    target = duckdb_type(wanted)
    if given.base not in types.APPROXIMATE or wanted.base in (*types.APPROXIMATE, "boolean"):
        return f"CAST({sql} AS {target})"
    whole = f"round({sql})" if wanted.base in types.INTEGERS else sql
    nan = fail("INVALID_CAST_ARGUMENT", literal(f"Unable to cast NaN to {wanted}"), target)
    return f"CASE WHEN isnan({sql}) THEN {nan} ELSE CAST({whole} AS {target}) END"


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
        return _when_text_is(moment, sql, _read_moment(short, wanted, target), refused, constant)
    if wanted.base == "varbinary":
        return f"encode({sql})"
    if wanted.base == "json":
        return f"to_json({sql})"
    return None


def _read_moment(sql: str, wanted: Type, target: str) -> str:
    if wanted.base == "timestamp":
        return rounded(f"CAST({sql} AS TIMESTAMP)", wanted.precision)
    if wanted.base == "time":
        return _time(f"CAST({sql} AS TIME)", wanted.precision)
    if wanted.base == "timestamp with time zone":
        shown = f"CAST(regexp_extract({sql}, {literal(_ZONED_TEXT)}, 1) AS TIMESTAMP)"
        shown = rounded(shown, wanted.precision)
        if wanted.zone is not None:
            return zones.moment(shown, wanted, sql)
        zone = zones.zone_sql(f"regexp_extract({sql}, {literal(_ZONED_TEXT)}, 2)")
        return f"athena_zoned({shown}, {zone})"
    return f"CAST({sql} AS {target})"


def _time(sql: str, precision: int) -> str:
    """The time of day, rounded, and past midnight again at its beginning."""
    moment = rounded(f"(DATE '1970-01-01' + {sql})", precision)
    return f"CAST({moment} AS TIME)"


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
    if given.base in {
        "varbinary", "interval day to second", "interval year to month", "timestamp with time zone",
    }:  # fmt: skip
        return None
    text = text_of(sql, given) if given.base == "timestamp" else sql
    return f"to_json({text})"


def _from_json(sql: str, wanted: Type) -> str | None:
    if wanted.base in {"varbinary", "row"}:
        return None
    if wanted.base in {"array", "map"}:
        return f"CAST({sql} AS {duckdb_type(wanted)})"
    return _from_text(f"athena_json_value({sql})", wanted)


def _between_moments(sql: str, given: Type, wanted: Type) -> str:
    zoned = "timestamp with time zone"
    if wanted.base != "date" and given.base != "date" and wanted.precision < given.precision:
        shown = zones.local(sql, given)
        fewer = rounded(shown, wanted.precision)
        sql = zones.like(zones.moment(fewer, given, sql), given, sql) if given.base == zoned else fewer
    if wanted.base == given.base == zoned:
        if wanted.zone is not None:
            return zones.instant(sql, given)
        return sql if given.zone is None else zones.in_zone(sql, literal(given.zone))
    if wanted.base == zoned:
        at = f"timezone('UTC', CAST({sql} AS TIMESTAMP))"
        return at if wanted.zone is not None else zones.in_zone(at, "'UTC'")
    if given.base == zoned:
        return f"CAST({zones.local(sql, given)} AS {duckdb_type(wanted)})"
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
