"""A compiled expression: DuckDB's text and Trino's type."""

from collections.abc import Callable
from dataclasses import dataclass

from localaws.athena.sql.types import Type

__all__ = ["MEMORY_EXCEEDED", "Lambda", "Typed", "fail", "literal"]

MEMORY_EXCEEDED = "Query exceeded per-node memory limit"


@dataclass(frozen=True, slots=True)
class Typed:
    """``sql`` is self-contained: it can be an operand of any operator.

    ``constant`` is the text of a string or number that the query spells out, which formats and units must be.
    """

    sql: str
    type: Type
    constant: str | None = None


@dataclass(frozen=True, slots=True)
class Lambda(Typed):
    """A lambda; ``sql`` is DuckDB's.

    ``applied`` gives the body with other SQL in place of the parameters, and ``name`` is a name that nothing
    else has.
    """

    name: str = ""
    applied: Callable[..., str] = str


def literal(text: str) -> str:
    """``text`` as a string of DuckDB's.

    >>> literal("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def fail(code: str, message: str, duckdb_type: str = "VARCHAR") -> str:
    """An expression that ends the query with ``code: message`` when a row reaches it.

    ``message`` is SQL text of a string. A cast that cannot succeed is used, and not DuckDB's ``error()``,
    which is volatile and therefore not allowed in TRY. ``engine_errors`` knows the mark.
    """
    thrown = f"CAST(({literal(f'@{code}: ')} || {message}) AS INTEGER)"
    return f"CAST(CAST({thrown} AS VARCHAR) AS {duckdb_type})"
