"""DuckDB's errors as Athena's."""

import re
from collections.abc import Mapping

from localaws.athena.errors import QueryFailed
from localaws.athena.sql.typed import MEMORY_EXCEEDED
from localaws.athena.worker.pool import EngineError

__all__ = ["query_failed"]

_THROWN = re.compile(r"Could not convert string '@([A-Z_]+): (.*)' to INT32", re.DOTALL)
# DuckDB's message, Athena's code, and Athena's message with the pattern's groups; the first match counts.
_PATTERNS = [
    (
        r'column "?(\w+)"? must appear in the GROUP BY',
        "EXPRESSION_NOT_AGGREGATE",
        "'{0}' must be an aggregate expression or appear in GROUP BY clause",
    ),
    (
        r"(WHERE|JOIN|GROUP BY|HAVING)[\w ]* cannot contain (?:aggregates|window functions)",
        "EXPRESSION_NOT_SCALAR",
        "{0} clause cannot contain aggregations, window functions or grouping operations",
    ),
    (
        r"aggregate function calls cannot (?:be nested|contain)",
        "NESTED_AGGREGATION",
        "Cannot nest aggregations inside aggregation",
    ),
    (
        r"Overflow in (\w+) of (\S+) \((.*)\)",
        "NUMERIC_VALUE_OUT_OF_RANGE",
        "{1} {0} overflow: {2}",
    ),
    (r"(?:date|timestamp|time) field value out of range", "INVALID_CAST_ARGUMENT", "{message}"),
    (r"Overflow|[Oo]ut of [Rr]ange", "NUMERIC_VALUE_OUT_OF_RANGE", "{message}"),
    (r"[Dd]ivision by zero", "DIVISION_BY_ZERO", "Division by zero"),
    (
        r'Could not parse string "(.*?)" according to format specifier',
        "INVALID_FUNCTION_ARGUMENT",
        'Invalid format: "{0}"',
    ),
    (r"Unknown TimeZone '(.*?)'", "INVALID_FUNCTION_ARGUMENT", "'{0}' is not a valid time zone"),
    (
        r"More than one row returned by a subquery",
        "SUBQUERY_MULTIPLE_ROWS",
        "Scalar sub-query has returned multiple rows",
    ),
    (r"Map keys must be unique", "INVALID_FUNCTION_ARGUMENT", "Duplicate map keys are not allowed"),
    (
        r"Malformed JSON|Failed to parse JSON",
        "INVALID_FUNCTION_ARGUMENT",
        "Cannot convert value to JSON: {message}",
    ),
    (
        r"No files found|Cannot open file|[Nn]o magic bytes|too small to be a Parquet file",
        "HIVE_CANNOT_OPEN_SPLIT",
        "{message}",
    ),
    (
        r"(?i)not utf-8 encoded|invalid unicode",
        "HIVE_BAD_DATA",
        "A text file of the table is not UTF-8: convert it to UTF-8",
    ),
    (
        r"Maximum line size",
        "HIVE_BAD_DATA",
        "A text file of the table has a line of more than 2,000,000 bytes: it may have no line breaks",
    ),
    (r"CSV Error", "HIVE_BAD_DATA", "A text file of the table cannot be read as lines of text"),
    (
        r"(?i)could not write|file too large|no space left",
        "EXCEEDED_RESULT_LIMIT",
        "The output of the query exceeds this engine's limit for one query: add a LIMIT or write less",
    ),
    (r"Could not (?:convert|cast)|Conversion Error", "INVALID_CAST_ARGUMENT", "{message}"),
    (
        r"missing argument to repetition|invalid perl operator|missing \)",
        "INVALID_FUNCTION_ARGUMENT",
        "{message}",
    ),
]
_KINDS = (
    "Binder",
    "Conversion",
    "Invalid Input",
    "Out of Range",
    "Parser",
    "Catalog",
    "Out of Memory",
    "IO",
    "Permission",
)
_USER_ERRORS = ("BinderException", "InvalidInputException")


def query_failed(error: EngineError, meant: Mapping[str, str], memory: int) -> QueryFailed:
    """``error`` as the failure of the query.

    ``meant`` are the user's names for those in DuckDB's text, ``memory`` the bytes that the query might use.
    """
    if thrown := _THROWN.search(error.message):
        return QueryFailed(thrown[1], thrown[2])
    message = _readable(error.message, meant)
    if error.kind == "OutOfMemoryException":
        return QueryFailed("EXCEEDED_LOCAL_MEMORY_LIMIT", f"{MEMORY_EXCEEDED} of {_shown(memory)}")
    if error.kind == "PermissionException":
        return QueryFailed("PERMISSION_DENIED", message)
    for pattern, code, words in _PATTERNS:
        if found := re.search(pattern, error.message):
            groups = [meant.get(group, group) for group in found.groups(default="")]
            return QueryFailed(code, words.format(*groups, message=message))
    code = "GENERIC_USER_ERROR" if error.kind in _USER_ERRORS else "GENERIC_INTERNAL_ERROR"
    return QueryFailed(code, message)


def _shown(count: int) -> str:
    """Bytes as Trino writes them.

    >>> _shown(2 << 30), _shown(100 << 20)
    ('2GB', '100MB')
    """
    return f"{count / (1 << 30):g}GB" if count >= 1 << 30 else f"{count / (1 << 20):g}MB"


def _readable(message: str, meant: Mapping[str, str]) -> str:
    """Without DuckDB's excerpt of its own text, and with the user's names."""
    head = re.split(r"\n\nLINE \d+:", message)[0].strip()
    head = re.sub(rf"^({'|'.join(_KINDS)}) Error: ", "", head)
    return re.sub(r"\b(?:r\d+\.)?(c\d+)\b", lambda found: meant.get(found[1], found[0]), head)
