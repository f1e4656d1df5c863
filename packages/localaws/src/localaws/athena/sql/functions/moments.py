"""Functions of dates and times. https://trino.io/docs/current/functions/datetime.html"""

import re
from collections.abc import Callable, Sequence

from localaws.athena.errors import QueryFailed
from localaws.athena.sql import types
from localaws.athena.sql.functions.signature import Function, scalar
from localaws.athena.sql.typed import Typed, literal
from localaws.athena.sql.types import Type

__all__ = ["FUNCTIONS"]

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
    if argument.type.base == "timestamp with time zone":
        return f"timezone({literal(argument.type.zone)}, {argument.sql})"
    return argument.sql


def _back(sql: str, kind: Type) -> str:
    """A local moment as a value of ``kind`` again."""
    if kind.base == "timestamp with time zone":
        return f"timezone({literal(kind.zone)}, {sql})"
    return f"CAST({sql} AS DATE)" if kind.base == "date" else sql


def _trunc(arguments: Sequence[Typed]) -> str:
    return _back(f"date_trunc('{_unit(arguments[0])}', {_local(arguments[1])})", arguments[1].type)


def _add(arguments: Sequence[Typed]) -> str:
    unit, count, moment = _unit(arguments[0]), arguments[1].sql, arguments[2]
    if unit == "quarter":
        unit, count = "month", f"(3 * {count})"
    # Hours and less are time that passes; days and more are what the local calendar says.
    if unit in {"millisecond", "second", "minute", "hour"} and moment.type.base == "timestamp with time zone":
        return f"({moment.sql} + to_{unit}s({count}))"
    whole = count if unit in {"millisecond", "second", "minute", "hour"} else f"CAST({count} AS INTEGER)"
    return _back(f"({_local(moment)} + to_{unit}s({whole}))", moment.type)


def _diff(arguments: Sequence[Typed]) -> str:
    # DuckDB's date_diff counts the boundaries between, Trino's and DuckDB's date_sub whole units.
    start, end = (_local(argument) for argument in arguments[1:])
    return f"date_sub('{_unit(arguments[0])}', {start}, {end})"


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
    return f"strptime({arguments[0].sql}, {_mysql(arguments[1], 'date_parse').replace('%-', '%')})"


def _parsed_joda(arguments: Sequence[Typed]) -> str:
    pattern = _joda(arguments[1], "parse_datetime").replace("%-", "%")
    return f"timezone('UTC', strptime({arguments[0].sql}, {pattern}))"


def _zoned(arguments: Sequence[Typed]) -> str:
    return f"timezone({literal(_constant(arguments[1], 'the time zone'))}, {arguments[0].sql})"


def zone_of(argument: Typed) -> Type:
    """``timestamp with time zone`` in the zone that the argument spells out."""
    return Type(
        "timestamp with time zone", types.TIMESTAMP_TZ.parameters, zone=_constant(argument, "the time zone")
    )


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
_TIMES = ("timestamp", "timestamp with time zone", "time", "interval day to second")

FUNCTIONS: list[Function] = [
    *[
        scalar(f"{name}({kind}) -> bigint", _field(field))
        for name, field in FIELDS.items()
        for kind in (_TIMES if name in _CLOCK else _MOMENTS)
    ],
    scalar("day(interval day to second) -> bigint", "CAST(datepart('day', {0}) AS BIGINT)"),
    *[scalar(f"date_trunc(varchar, {kind}) -> {kind}", _trunc, _same_moment) for kind in _MOMENTS],
    *[scalar(f"date_add(varchar, bigint, {kind}) -> {kind}", _add, _same_moment) for kind in _MOMENTS],
    *[scalar(f"date_diff(varchar, {kind}, {kind}) -> bigint", _diff) for kind in _MOMENTS],
    scalar("date(varchar) -> date", "CAST(CAST({0} AS TIMESTAMP) AS DATE)"),
    scalar("date(timestamp) -> date", "CAST({0} AS DATE)"),
    scalar("date(timestamp with time zone) -> date", lambda a: f"CAST({_local(a[0])} AS DATE)"),
    scalar("last_day_of_month(date) -> date", "last_day({0})"),
    scalar("last_day_of_month(timestamp) -> date", "last_day({0})"),
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
    scalar("from_unixtime(double) -> timestamp with time zone", "to_timestamp({0})"),
    scalar(
        "from_unixtime(double, varchar) -> timestamp with time zone",
        "to_timestamp({0})",
    ),
    scalar("to_unixtime(timestamp) -> double", "epoch({0})"),
    scalar("to_unixtime(timestamp with time zone) -> double", "epoch({0})"),
    scalar("from_iso8601_timestamp(varchar) -> timestamp with time zone", "CAST({0} AS TIMESTAMPTZ)"),
    scalar("from_iso8601_date(varchar) -> date", "CAST(strptime({0}, '%Y-%m-%d') AS DATE)"),
    scalar("to_iso8601(date) -> varchar", "CAST({0} AS VARCHAR)"),
    scalar("to_iso8601(timestamp) -> varchar", "strftime({0}, '%Y-%m-%dT%H:%M:%S.%g')"),
    scalar(
        "to_iso8601(timestamp with time zone) -> varchar",
        "strftime(timezone('UTC', {0}), '%Y-%m-%dT%H:%M:%S.%gZ')",
    ),
    scalar("with_timezone(timestamp, varchar) -> timestamp with time zone", _zoned),
    scalar("at_timezone(timestamp with time zone, varchar) -> timestamp with time zone", "{0}"),
    scalar("to_milliseconds(interval day to second) -> bigint", "CAST(epoch_ms({0}) AS BIGINT)"),
    scalar("now() -> timestamp with time zone", "{now}"),
]
ZONED = {
    "from_unixtime": 1,
    "with_timezone": 1,
    "at_timezone": 1,
}  # the argument that names the zone of the result
