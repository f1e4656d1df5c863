"""Parsing a query: sqlglot's Trino grammar, with every function left as it was written.

sqlglot would turn functions into classes of its own (``date_diff`` swaps its arguments, ``approx_percentile``
becomes a quantile, and names that Trino does not have are welcome too), and then translate those. Here a
function keeps its name until ``functions`` says what it means in DuckDB, or nobody does and the query is
refused.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any, ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import ParseError, TokenError
from sqlglot.parsers.trino import TrinoParser
from sqlglot.tokenizer_core import Token, TokenType

from localaws.athena.errors import QueryFailed

__all__ = ["offset_of", "parse_expression", "parse_query", "place", "tokenize"]

# Calls with a grammar of their own; the others are name(arguments).
_SPECIAL_CALLS = (
    "CAST",
    "TRY_CAST",
    "EXTRACT",
    "TRIM",
    "POSITION",
    "SUBSTRING",
    "LISTAGG",
    "JSON_VALUE",
    "JSON_QUERY",
)
_NEVER_AFTER_COMMA = {
    TokenType.FROM,
    TokenType.WHERE,
    TokenType.GROUP_BY,
    TokenType.ORDER_BY,
    TokenType.R_PAREN,
}
_DEEPEST = 150  # nested expressions; sqlglot and the compiler are recursive


class _Query(Trino):
    INDEX_OFFSET = 0  # leave a subscript as it is written

    class Parser(TrinoParser):
        FUNCTIONS: ClassVar[dict[str, Callable[..., Any]]] = {}
        FUNCTION_PARSERS: ClassVar = {
            name: parse for name, parse in TrinoParser.FUNCTION_PARSERS.items() if name in _SPECIAL_CALLS
        }
        COLUMN_OPERATORS: ClassVar = {  # a dot; not other systems' :: and ->
            token: parse for token, parse in TrinoParser.COLUMN_OPERATORS.items() if token == TokenType.DOT
        }
        PLACEHOLDER_PARSERS: ClassVar = {TokenType.PLACEHOLDER: lambda parser: _placeholder(parser)}


def _placeholder(parser: Any) -> exp.Placeholder:
    """A question mark that knows its place, because parameters are given in the order of the text."""
    placeholder = exp.Placeholder()
    placeholder.meta["start"] = parser._prev.start
    return placeholder


def tokenize(text: str) -> list[Token]:
    """The tokens of a query.

    Raises QueryFailed with Athena's words for a string or comment that does not end.
    """
    try:
        return _Query().tokenize(text)
    except TokenError as error:
        ends = "the query ends within a string, a quoted name or a comment"
        raise QueryFailed("SYNTAX_ERROR", f"{ends}: {error}") from error


def parse_query(text: str) -> exp.Query:
    """The tree of one query.

    Raises QueryFailed (SYNTAX_ERROR with the place, or NOT_SUPPORTED for a statement that is no query).
    """
    found = _parse(text)
    if isinstance(found, exp.Block):
        raise QueryFailed("SYNTAX_ERROR", "Only one sql statement is allowed. Got: more than one")
    if isinstance(found, (exp.Table, exp.Values)):
        found = exp.select("*").from_(found)
    if not isinstance(found, exp.Query):
        raise QueryFailed("NOT_SUPPORTED", f"{type(found).__name__.upper()} is not a query")
    return found


def parse_expression(text: str) -> exp.Expr:
    """The tree of one expression, such as the value of a parameter."""
    select = parse_query(f"SELECT {text}")
    if not isinstance(select, exp.Select) or len(select.expressions) != 1 or select.args.get("from_"):
        raise QueryFailed("SYNTAX_ERROR", f"{text!r} is not an expression")
    found: exp.Expr = select.expressions[0]
    return found


def _parse(text: str) -> exp.Expr:
    _refuse_loose_commas(text)
    try:
        statements = [found for found in sqlglot.parse(text, read=_Query) if found is not None]
    except ParseError as error:
        raise QueryFailed("SYNTAX_ERROR", _mismatch(text, error)) from error
    except RecursionError as error:
        raise QueryFailed(
            "STACK_OVERFLOW", "statement is too large (stack overflow during analysis)"
        ) from error
    if not statements:
        raise QueryFailed("SYNTAX_ERROR", "line 1:1: mismatched input '<EOF>'")
    if len(statements) > 1:
        raise QueryFailed("SYNTAX_ERROR", f"Only one sql statement is allowed. Got: {text}")
    if _deeper_than(statements[0], _DEEPEST):
        raise QueryFailed("STACK_OVERFLOW", "statement is too large (stack overflow during analysis)")
    return statements[0]


def _deeper_than(tree: exp.Expr, limit: int) -> bool:
    level: list[exp.Expr] = [tree]
    for _ in range(limit):
        level = [child for node in level for child in node.iter_expressions()]
        if not level:
            return False
    return True


def _mismatch(text: str, error: ParseError) -> str:
    first = error.errors[0] if error.errors else {}
    before, word = first.get("start_context") or "", first.get("highlight") or ""
    if not word:
        return f"line 1:1: {error}"
    if first["description"].startswith("Required keyword") and text.rstrip().endswith(word):
        line, column = place(text, len(text.rstrip()))
        return f"line {line}:{column}: mismatched input '<EOF>'"
    # sqlglot gives only the last hundred characters before the place, and the column where the word ends.
    offset = text.find(before + word)
    line, column = place(text, offset + len(before)) if offset >= 0 else (first["line"], first["col"])
    return f"line {line}:{column}: mismatched input '{word}'"


def _refuse_loose_commas(text: str) -> None:
    """sqlglot forgives ``SELECT a, FROM t``; Athena does not."""
    tokens = tokenize(text)
    for token, following in pairwise(tokens):
        if token.token_type == TokenType.COMMA and following.token_type in _NEVER_AFTER_COMMA:
            line, column = place(text, following.start)
            raise QueryFailed("SYNTAX_ERROR", f"line {line}:{column}: mismatched input '{following.text}'")


def offset_of(node: exp.Expr) -> int | None:
    """Where ``node`` begins in the text: the first place that the parser noted in it."""
    starts = [found.meta["start"] for found in node.walk() if "start" in found.meta]
    return min(starts) if starts else None


def place(text: str, offset: int) -> tuple[int, int]:
    """Line and column, both counted from 1, of a character.

    >>> place("SELECT 1\\n  FROM t", 11)
    (2, 3)
    """
    line_start = text.rfind("\n", 0, offset) + 1
    return text.count("\n", 0, offset) + 1, offset - line_start + 1
