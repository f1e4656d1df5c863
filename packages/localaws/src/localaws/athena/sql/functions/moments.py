"""Functions of dates and times. https://trino.io/docs/current/functions/datetime.html"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from localaws.athena.errors import QueryFailed
from localaws.athena.sql import types, zones
from localaws.athena.sql.functions.signature import Function, scalar
from localaws.athena.sql.typed import Typed, fail, literal
from localaws.athena.sql.types import Type, duckdb_type

__all__ = ["FUNCTIONS"]

_PASSING = ("millisecond", "second", "minute", "hour")  # units of time that passes, in any zone
_UNITS = ("millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year")

# MySQL's letters to strftime's. https://trino.io/docs/current/functions/datetime.html#mysql-date-functions
_MYSQL = {
    "a": "%a", "b": "%b", "c": "%-m", "d": "%d", "e": "%-d", "f": "%f", "H": "%H", "h": "%I", "I": "%I",
    "i": "%M", "j": "%j", "k": "%-H", "l": "%-I", "M": "%B", "m": "%m", "p": "%p", "r": "%I:%M:%S %p",
    "S": "%S", "s": "%S", "T": "%H:%M:%S", "v": "%V", "W": "%A", "x": "%G", "Y": "%Y", "y": "%y", "%": "%%",
}  # fmt: skip
# Java's letters. https://www.joda.org/joda-time/apidocs/org/joda/time/format/DateTimeFormat.html
_JODA = {
    "yyyy": "%Y", "YYYY": "%Y", "y": "%Y", "yy": "%y", "MMMM": "%B", "MMM": "%b", "MM": "%m", "M": "%-m",
    "dd": "%d", "d": "%-d", "HH": "%H", "H": "%-H", "hh": "%I", "h": "%-I", "mm": "%M", "m": "%-M",
    "ss": "%S", "s": "%-S", "SSS": "%g", "SSSSSS": "%f", "a": "%p", "EEEE": "%A", "EEE": "%a", "E": "%a",
    "DDD": "%j", "xxxx": "%G", "ww": "%V",
}  # fmt: skip


def _unit(argument: Typed) -> str:
    if argument.constant is None:
        raise QueryFailed("NOT_SUPPORTED", "a unit of time that is not written out in the query")
    if argument.constant.lower() not in _UNITS:
        raise QueryFailed(
            "INVALID_FUNCTION_ARGUMENT", f"'{argument.constant}' is not a valid Timestamp field"
        )
    return argument.constant.lower()


def _mysql(argument: Typed, function: str) -> str:
    """The format in strftime's letters, as SQL text."""

    def letter(found: re.Match[str]) -> str:
        if found[1] not in _MYSQL:
            raise QueryFailed("NOT_SUPPORTED", f"{function} with %{found[1]}")
        return _MYSQL[found[1]]

    return literal(re.sub(r"%(.)", letter, _constant(argument, function), flags=re.DOTALL))


def _joda(argument: Typed, function: str) -> str:
    def piece(found: re.Match[str]) -> str:
        if found[1] is not None:  # 'quoted'
            return (found[1] or "'").replace("%", "%%")
        if found[2] is not None:
            if found[2] not in _JODA:
                raise QueryFailed("NOT_SUPPORTED", f"{function} with {found[2]}")
            return _JODA[found[2]]
        return found[0].replace("%", "%%")

    given = _constant(argument, function)
    return literal(re.sub(r"'([^']*)'|(([A-Za-z])\3*)|.", piece, given, flags=re.DOTALL))


def _constant(argument: Typed, function: str) -> str:
    if argument.constant is None:
        raise QueryFailed("NOT_SUPPORTED", f"{function} with a format that is not written out in the query")
    return argument.constant


def _local(argument: Typed) -> str:
    """The moment as a clock in its zone shows it."""
    return zones.local(argument.sql, argument.type)


def _instant(argument: Typed) -> str:
    return zones.instant(argument.sql, argument.type)


def _back(sql: str, value: Typed) -> str:
    """A local moment as a value like ``value`` again."""
    if value.type.base == "timestamp with time zone":
        return zones.like(zones.moment(sql, value.type, value.sql), value.type, value.sql)
    return f"CAST({sql} AS DATE)" if value.type.base == "date" else sql


def _trunc(arguments: Sequence[Typed]) -> str:
    return _back(f"date_trunc('{_unit(arguments[0])}', {_local(arguments[1])})", arguments[1])


def _add(arguments: Sequence[Typed]) -> str:
    unit, count, moment = _unit(arguments[0]), arguments[1].sql, arguments[2]
    if unit == "quarter":
        unit, count = "month", f"(3 * {count})"
    # Hours and less are time that passes; days and more follow the local calendar.
    if unit in _PASSING and moment.type.base == "timestamp with time zone":
        return zones.like(f"({_instant(moment)} + to_{unit}s({count}))", moment.type, moment.sql)
    whole = count if unit in _PASSING else f"CAST({count} AS INTEGER)"
    return _back(f"({_local(moment)} + to_{unit}s({whole}))", moment)


def _diff(arguments: Sequence[Typed]) -> str:
    # DuckDB's date_diff counts the boundaries between, Trino's and DuckDB's date_sub whole units.
    unit, start, end = _unit(arguments[0]), *arguments[1:]
    if unit in _PASSING:
        return f"date_sub('{unit}', {_instant(start)}, {_instant(end)})"
    if end.type.base == "timestamp with time zone":  # by the calendar of the first's zone
        shown = zones.moment(_instant(end), start.type, start.sql)
        return f"date_sub('{unit}', {_local(start)}, {shown})"
    return f"date_sub('{unit}', {_local(start)}, {_local(end)})"


def _field(field: str) -> Callable[[Sequence[Typed]], str]:
    def write(arguments: Sequence[Typed]) -> str:
        return f"CAST({field.format(_local(arguments[0]))} AS BIGINT)"

    return write


def _same_moment(given: Sequence[Type]) -> Type:
    return given[-1]


def _formatted(convert: Callable[[Typed, str], str], function: str) -> Callable[[Sequence[Typed]], str]:
    return lambda arguments: f"strftime({_local(arguments[0])}, {convert(arguments[1], function)})"


def _parsed(arguments: Sequence[Typed]) -> str:
    # Two digits are the least that %m takes there, DuckDB takes one; more is an error in both.
    pattern = _mysql(arguments[1], "date_parse").replace("%-", "%")
    return f"date_trunc('milliseconds', strptime({arguments[0].sql}, {pattern}))"


def _parsed_joda(arguments: Sequence[Typed]) -> str:
    pattern = _joda(arguments[1], "parse_datetime").replace("%-", "%")
    return f"timezone('UTC', date_trunc('milliseconds', strptime({arguments[0].sql}, {pattern})))"


def _zoned(arguments: Sequence[Typed]) -> str:
    """What with_timezone gives: the local time of that zone."""
    shown, zone = arguments
    kind = zone_of(zone)
    if kind.zone is not None:
        return zones.moment(shown.sql, kind, zone.sql)
    missing = f"{shown.sql} IS NULL OR {zone.sql} IS NULL"
    return f"CASE WHEN {missing} THEN NULL ELSE athena_zoned({shown.sql}, {zones.zone_sql(zone.sql)}) END"


def _elsewhere(arguments: Sequence[Typed]) -> str:
    """The same moment in the zone of the second argument."""
    value, zone = arguments
    return _in_zone_of(_instant(value), zone)


def _from_unixtime(arguments: Sequence[Typed]) -> str:
    milliseconds = f"CAST(floor({arguments[0].sql} * 1000 + 0.5) AS BIGINT)"
    at = f"timezone('UTC', make_timestamp_ms({milliseconds}))"
    return at if len(arguments) == 1 else _in_zone_of(at, arguments[1])


def _in_zone_of(at: str, zone: Typed) -> str:
    return at if zone_of(zone).zone is not None else zones.in_zone(at, zones.zone_sql(zone.sql))


def zone_of(argument: Typed) -> Type:
    """``timestamp with time zone`` in the zone that the argument spells out, or every value in its own."""
    name = argument.constant
    zone = None if name is None else zones.zone_name(name)
    return replace(types.TIMESTAMP_TZ, zone=zone)


def zone_of_iso(argument: Typed) -> Type:
    """The same for the argument of from_iso8601_timestamp."""
    found = re.fullmatch(_ISO, argument.constant or "")
    return replace(types.TIMESTAMP_TZ, zone=zones.zone_name(found[2] or "") if found else None)


def _from_iso(arguments: Sequence[Typed]) -> str:
    text, kind = arguments[0].sql, zone_of_iso(arguments[0])
    wrong = fail("INVALID_FUNCTION_ARGUMENT", f"'Invalid format: \"' || {text} || '\"'", duckdb_type(kind))
    # 2020-01-01T10 and 10:30 alone are no times for DuckDB.
    clock = f"regexp_extract({text}, {literal(_ISO)}, 1)"
    whole = "replace(n || CASE length(n) WHEN 13 THEN ':00:00' WHEN 16 THEN ':00' ELSE '' END, ',', '.')"
    text_of_clock = f"list_transform([{clock}], lambda n: {whole})[1]"
    shown = f"date_trunc('milliseconds', CAST({text_of_clock} AS TIMESTAMP))"
    if kind.zone is not None:
        at = zones.moment(shown, kind, text)
    else:
        at = f"athena_zoned({shown}, {zones.zone_sql(f'regexp_extract({text}, {literal(_ISO)}, 2)')})"
    fits = f"regexp_full_match({text}, {literal(_ISO)})"
    return f"CASE WHEN {fits} THEN {at} WHEN {text} IS NOT NULL THEN {wrong} END"


# What EXTRACT and the functions of a moment's parts give.
FIELDS = {
    "year": "year({0})",
    "quarter": "quarter({0})",
    "month": "month({0})",
    "week": "week({0})",
    "week_of_year": "week({0})",
    "day": "day({0})",
    "day_of_month": "day({0})",
    "day_of_week": "isodow({0})",  # Monday is 1; DuckDB's dayofweek has Sunday as 0
    "dow": "isodow({0})",
    "day_of_year": "dayofyear({0})",
    "doy": "dayofyear({0})",
    "year_of_week": "isoyear({0})",
    "yow": "isoyear({0})",
    "hour": "hour({0})",
    "minute": "minute({0})",
    "second": "second({0})",
    "millisecond": "(millisecond({0}) % 1000)",
}
_CLOCK = ("hour", "minute", "second", "millisecond")
_MOMENTS = ("date", "timestamp", "timestamp with time zone")
_TIMES = ("timestamp", "timestamp with time zone", "time")
_ISO = r"(\d{4}-\d{2}-\d{2}(?:T\d{2}(?::\d{2}(?::\d{2}(?:[.,]\d+)?)?)?)?)T?(Z|[+-]\d{2}(?::?\d{2})?)?"
# Parts of an interval, which is milliseconds or months.
_PARTS = {
    "day to second": {
        "day": "{0} // 86400000",
        "hour": "{0} // 3600000 % 24",
        "minute": "{0} // 60000 % 60",
        "second": "{0} // 1000 % 60",
        "millisecond": "{0} % 1000",
    },
    "year to month": {"year": "{0} // 12", "month": "{0} % 12"},
}

FUNCTIONS: list[Function] = [
    *[
        scalar(f"{name}({kind}) -> bigint", _field(field))
        for name, field in FIELDS.items()
        for kind in (_TIMES if name in _CLOCK else _MOMENTS)
    ],
    *[
        scalar(f"{name}(interval {span}) -> bigint", f"CAST({part} AS BIGINT)")
        for span, parts in _PARTS.items()
        for name, part in parts.items()
    ],
    *[scalar(f"date_trunc(varchar, {kind}) -> {kind}", _trunc, _same_moment) for kind in _MOMENTS],
    *[scalar(f"date_add(varchar, bigint, {kind}) -> {kind}", _add, _same_moment) for kind in _MOMENTS],
    *[scalar(f"date_diff(varchar, {kind}, {kind}) -> bigint", _diff) for kind in _MOMENTS],
    scalar("date(varchar) -> date", "CAST(CAST({0} AS TIMESTAMP) AS DATE)"),
    scalar("date(timestamp) -> date", "CAST({0} AS DATE)"),
    scalar("date(timestamp with time zone) -> date", lambda a: f"CAST({_local(a[0])} AS DATE)"),
    scalar("last_day_of_month(date) -> date", "last_day({0})"),
    *[
        scalar(f"last_day_of_month({kind}) -> date", lambda a: f"last_day({_local(a[0])})")
        for kind in ("timestamp", "timestamp with time zone")
    ],
    scalar("date_parse(varchar, varchar) -> timestamp", _parsed),
    *[
        scalar(f"date_format({kind}, varchar) -> varchar", _formatted(_mysql, "date_format"))
        for kind in _MOMENTS
    ],
    *[
        scalar(f"format_datetime({kind}, varchar) -> varchar", _formatted(_joda, "format_datetime"))
        for kind in _MOMENTS
    ],
    scalar("parse_datetime(varchar, varchar) -> timestamp with time zone", _parsed_joda),
    scalar("from_unixtime(double) -> timestamp with time zone", _from_unixtime),
    scalar("from_unixtime(double, varchar) -> timestamp with time zone", _from_unixtime),
    scalar("to_unixtime(timestamp) -> double", "epoch({0})"),
    scalar("to_unixtime(timestamp with time zone) -> double", lambda a: f"epoch({_instant(a[0])})"),
    scalar("from_iso8601_timestamp(varchar) -> timestamp with time zone", _from_iso),
    scalar("from_iso8601_date(varchar) -> date", "CAST(strptime({0}, '%Y-%m-%d') AS DATE)"),
    scalar("to_iso8601(date) -> varchar", "CAST({0} AS VARCHAR)"),
    scalar("to_iso8601(timestamp) -> varchar", "strftime({0}, '%Y-%m-%dT%H:%M:%S.%g')"),
    scalar(
        "to_iso8601(timestamp with time zone) -> varchar",
        lambda a: (
            f"(strftime({_local(a[0])}, '%Y-%m-%dT%H:%M:%S.%g') || {zones.offset_text(a[0].sql, a[0].type)})"
        ),
    ),
    scalar("with_timezone(timestamp, varchar) -> timestamp with time zone", _zoned),
    scalar("at_timezone(timestamp with time zone, varchar) -> timestamp with time zone", _elsewhere),
    scalar("to_milliseconds(interval day to second) -> bigint", "{0}"),
    scalar("now() -> timestamp with time zone", "{now}"),
]
# The argument that determines the zone of the result, and how.
ZONED = {
    "from_unixtime": (1, zone_of),
    "with_timezone": (1, zone_of),
    "at_timezone": (1, zone_of),
    "from_iso8601_timestamp": (0, zone_of_iso),
}
