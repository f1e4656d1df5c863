"""OpenCSVSerde: quoted values; an empty one is an empty string, and only what a short row lacks is NULL.

https://docs.aws.amazon.com/athena/latest/ug/csv-serde.html

A line is a row, also where a quote is still open at its end: the value with that quote is dropped, as
OpenCSV drops it, and the rest of the row is NULL.

DuckDB's CSV reader knows doubled quotes or an escape character, OpenCSV knows both at once. So a file without
quotes is split, one whose quotes close in every line and that has no escapes goes through the reader, and
only the rest is taken apart by a regular expression, which is twenty times slower.
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
_INTEGER = r"[+-]?[0-9]+"
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
        names = [f"p{index}" for index in range(len(columns))]
        read = (
            f"read_csv({files.options()}, delim={literal(separator)}, quote={literal(quote)}, "
            f"escape={literal(quote)}, nullstr={literal(_NOTHING)}, "
            f"columns={dict.fromkeys(names, 'VARCHAR')})"
        )
        return f"SELECT {', '.join(convert(name, index) for index, name in enumerate(names))} FROM {read}"
    parts = _taken_apart(separator, quote, escape)
    if form == "plain":
        parts = f"string_split(line, {literal(separator)})"
    values = [convert(f"parts[{index + 1}]", index) for index in range(len(columns))]
    return f"SELECT {', '.join(values)} FROM (SELECT {parts} AS parts FROM {files.lines()})"


def csv_form(file: TextFile, properties: Mapping[str, str]) -> str:
    """``plain``, ``quoted`` or ``escaped``: what there is to take care of in the file."""
    _, quote, escape = _letters(properties)
    found = file.holds([quote, escape])
    if quote not in found:
        return "escaped" if escape in found else "plain"
    return "escaped" if escape in found - {quote} or file.has_open_quotes(quote) else "quoted"


def _letters(properties: Mapping[str, str]) -> tuple[str, str, str]:
    """The separator, the quote and the escape character."""
    letters = []
    for name, default in {"separatorChar": ",", "quoteChar": '"', "escapeChar": "\\"}.items():
        given = properties.get(name) or default
        letter = "\t" if given == "\\t" else given[0]
        if len(letter.encode()) != 1:
            raise QueryFailed("NOT_SUPPORTED", f"{name} {letter!r}: only ASCII is supported")
        letters.append(letter)
    return letters[0], letters[1], letters[2]


def _taken_apart(separator: str, quote: str, escape: str) -> str:
    s, q, e = (re.escape(letter) for letter in (separator, quote, escape))
    escaped = "" if escape == quote else f"|{e}.?"
    closed = f"(?:[^{q}{s}]|{q}(?:[^{q}{e}]{escaped})*{q})*"  # a value whose quotes close
    before = f"regexp_extract(line, {literal(f'^(?:{closed}{s})*')})"  # the values before one that is open
    # With a separator in front every value has one, also an empty first.
    front, whole_line = literal(separator), literal(f"(?:{closed}{s})*{closed}")
    values = (
        f"CASE WHEN regexp_full_match(line, {whole_line}) THEN {front} || line "
        f"WHEN {before} <> '' THEN {front} || left({before}, -1) ELSE '' END"
    )
    pieces = f"regexp_extract_all({values}, {literal(f'{s}({closed})')}, 1)"
    inside = f"regexp_replace(f[2:], {literal(f'{q}$')}, '', '')"
    undone = f"regexp_replace({inside}, {literal(f'{e}([{e}{q}])|{q}({q})')}, '\\1\\2', 'g')"
    quoted = literal(f"{q}(?:[^{q}{e}]|{q}{q}{escaped})*{q}")
    whole = (
        f"CASE WHEN regexp_full_match(f, {quoted}) THEN {undone} "
        f"WHEN starts_with(f, {literal(quote)}) THEN replace(f, {literal(quote)}, '') ELSE f END"
    )
    return f"list_transform({pieces}, lambda f: {whole})"


def _converter(columns: Sequence[Type], *, invalid_is_null: bool) -> Callable[[str, int], str]:
    def convert(sql: str, index: int) -> str:
        kind = columns[index]
        if kind.base in types.TEXTS:
            return sql
        if kind.base == "boolean":
            return f"(lower({sql}) = 'true')"
        pattern, value = _read_as(sql, kind)
        target = duckdb_type(kind)
        field = f"'Error parsing field value ''' || {sql} || ''' for field {index}'"
        why = field + " || ': For input string: \"' || " + sql + " || '\"'"
        otherwise = "NULL" if invalid_is_null else fail("HIVE_BAD_DATA", why, target)
        fits = f"regexp_full_match({sql}, {literal(pattern)})"
        return f"CASE WHEN {fits} THEN {value} WHEN {sql} IS NOT NULL THEN {otherwise} END"

    return convert


def _read_as(sql: str, kind: Type) -> tuple[str, str]:
    """What the text must look like, and the value that it is then."""
    if kind.base == "date":  # days since 1970
        return _INTEGER, f"(DATE '1970-01-01' + CAST({sql} AS INTEGER))"
    if kind.base == "timestamp":  # milliseconds since 1970
        return _INTEGER, f"make_timestamp(CAST({sql} AS BIGINT) * 1000)"
    if kind.base in types.NUMBERS:
        pattern = _INTEGER if kind.base in types.INTEGERS else _NUMBER
        return pattern, f"CAST({sql} AS {duckdb_type(kind)})"
    raise QueryFailed("NOT_SUPPORTED", f"a column of type {kind} in a table of the OpenCSVSerde")
