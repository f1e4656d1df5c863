"""OpenCSVSerde: quoted values; an empty one is an empty string, and NULL does not exist except in short rows.

https://docs.aws.amazon.com/athena/latest/ug/csv-serde.html

DuckDB's CSV reader knows doubled quotes or an escape character, OpenCSV knows both at once. So a file without quotes is split,
one with quotes and without escapes goes through the reader, and only the rest is taken apart by a regular expression, which is
twenty times slower.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from localaws.athena.errors import QueryFailed
from localaws.athena.sql import types
from localaws.athena.sql.typed import fail, literal
from localaws.athena.sql.types import Type, duckdb_type
from localaws.athena.tables.text_lines import TextFile, TextFiles

__all__ = ["csv_form", "read_open_csv"]

_NOTHING = "\x01\x02"  # a text that no file has, for the reader's idea of NULL
_NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|NaN|[+-]?Infinity"


def read_open_csv(
    files: TextFiles,
    columns: Sequence[Type],
    properties: Mapping[str, str],
    form: str,
    *,
    invalid_is_null: bool,
) -> str:
    """A SELECT that gives ``columns``; ``form`` is ``csv_form`` of the files."""
    separator, quote, escape = _letters(properties)
    convert = _converter(columns, invalid_is_null=invalid_is_null)
    if form == "quoted" and columns:
        names = ", ".join(f"'p{index}': 'VARCHAR'" for index in range(len(columns)))
        read = (
            f"read_csv({files.options()}, delim={literal(separator)}, quote={literal(quote)}, escape={literal(quote)}, "
            f"nullstr={literal(_NOTHING)}, columns={{{names}}})"
        )
        return f"SELECT {', '.join(convert(f'p{index}', index) for index in range(len(columns)))} FROM {read}"
    parts = (
        f"string_split(line, {literal(separator)})"
        if form == "plain"
        else _taken_apart(separator, quote, escape)
    )
    values = [convert(f"parts[{index + 1}]", index) for index in range(len(columns))]
    return f"SELECT {', '.join(values)} FROM (SELECT {parts} AS parts FROM {files.lines()})"


def csv_form(file: TextFile, properties: Mapping[str, str]) -> str:
    """``plain``, ``quoted`` or ``escaped``: what there is to take care of in the file."""
    _, quote, escape = _letters(properties)
    found = file.holds([quote, escape])
    if escape in found and escape != quote:
        return "escaped"
    return "quoted" if quote in found else "plain"


def _letters(properties: Mapping[str, str]) -> tuple[str, str, str]:
    letters = (
        properties.get("separatorChar") or ",",
        properties.get("quoteChar") or '"',
        properties.get("escapeChar") or "\\",
    )
    letters = tuple(letter.replace("\\t", "\t").replace("\\\\", "\\")[:1] for letter in letters)
    if any(len(letter.encode()) != 1 for letter in letters):
        raise QueryFailed(
            "NOT_SUPPORTED", f"separatorChar, quoteChar and escapeChar must be ASCII, got {letters}"
        )
    return letters


def _taken_apart(separator: str, quote: str, escape: str) -> str:
    s, q, e = (re.escape(letter) for letter in (separator, quote, escape))
    value = f"{s}({q}(?:[^{q}{e}]|{q}{q}|{e}.)*{q}?|[^{s}]*)"
    pieces = f"regexp_extract_all({literal(separator)} || line, {literal(value)}, 1)"
    inside = "regexp_replace(f[2:], {0}, '', '')".format(literal(f"{q}$"))
    undone = f"regexp_replace({inside}, {literal(f'{e}([{e}{q}])|{q}({q})')}, {literal(chr(92) + '1' + chr(92) + '2')}, 'g')"
    return f"list_transform({pieces}, lambda f: CASE WHEN starts_with(f, {literal(quote)}) THEN {undone} ELSE f END)"


def _converter(columns: Sequence[Type], *, invalid_is_null: bool) -> Callable[[str, int], str]:
    def convert(sql: str, index: int) -> str:
        kind = columns[index]
        if kind.base in types.TEXTS:
            return sql
        if kind.base == "boolean":
            return f"(lower({sql}) = 'true')"
        target = duckdb_type(kind)
        if kind.base in {"date", "timestamp"}:
            pattern, value = r"-?[0-9]+", _since_epoch(sql, kind)
        elif kind.base in types.INTEGERS:
            pattern, value = r"[+-]?[0-9]+", f"CAST({sql} AS {target})"
        elif kind.base in types.NUMBERS:
            pattern, value = _NUMBER, f"CAST({sql} AS {target})"
        else:
            raise QueryFailed("NOT_SUPPORTED", f"a column of type {kind} in a table of the OpenCSVSerde")
        shown = f"'Error parsing field value ''' || {sql} || ''' for field {index}: For input string: \"' || {sql} || '\"'"
        otherwise = "NULL" if invalid_is_null else fail("HIVE_BAD_DATA", shown, target)
        return f"CASE WHEN regexp_full_match({sql}, {literal(pattern)}) THEN {value} WHEN {sql} IS NOT NULL THEN {otherwise} END"

    return convert


def _since_epoch(sql: str, kind: Type) -> str:
    """Timestamps are milliseconds and dates are days since 1970."""
    if kind.base == "date":
        return f"(DATE '1970-01-01' + CAST({sql} AS INTEGER))"
    return f"make_timestamp(CAST({sql} AS BIGINT) * 1000)"
