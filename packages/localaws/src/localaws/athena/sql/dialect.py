"""Parsing a query: sqlglot's Trino grammar, with every function left as it was written.

sqlglot would turn functions into classes of its own (``date_diff`` swaps its arguments, ``approx_percentile``
becomes a quantile, and names that Trino does not have are accepted too), and then translate those. Here a
function keeps its name until ``functions`` translates it to DuckDB's; an unknown one is refused.
"""

import re
from bisect import bisect
from collections.abc import Callable
from itertools import pairwise
from typing import Any, ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.dialect import DialectType
from sqlglot.dialects.trino import Trino
from sqlglot.errors import ParseError, TokenError
from sqlglot.parsers.trino import TrinoParser
from sqlglot.tokenizer_core import Token, TokenType

from localaws.athena.errors import QueryFailed

__all__ = ["offset_of", "parse_expression", "parse_parameter", "parse_query", "place", "tokenize"]

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
_MOST_DIGITS = 38  # of a decimal
# What values are made of: literals, DATE '2020-01-01', casts, ARRAY[1, 2], from_base64('...').
_VALUES = (
    exp.Literal, exp.Boolean, exp.Null, exp.Neg, exp.Paren, exp.Cast, exp.DataType, exp.DataTypeParam,
    exp.Array, exp.Tuple, exp.Interval, exp.Var, exp.HexString, exp.ParseJSON, exp.Anonymous, exp.CurrentDate,
    exp.CurrentTimestamp,
)  # fmt: skip
_DEEPEST = 150  # nested expressions; sqlglot and the compiler are recursive


_DECIMAL = re.compile(r"[+-]?(?:0*(\d*)(?:\.(\d*))?)")
# Text in quotes and comments, which are left alone, or a number whose exponent is followed by a sign.
_EXPONENT = re.compile(
    r"""'[^']*'|"[^"]*"|--[^\n]*|/\*.*?\*/|(?<![\w.])(?:\d+\.?\d*|\.\d+)e\d+(?=[+-])""",
    re.IGNORECASE | re.DOTALL,
)


class _Query(Trino):
    INDEX_OFFSET = 0  # leave a subscript as it is written

    def tokenize(self, sql: str, dialect: DialectType = None) -> list[Token]:
        """sqlglot takes ``1e0+1`` for one number, so a space goes in between while it looks."""
        gaps: list[int] = []

        def spaced(found: re.Match[str]) -> str:
            if found[0][0] in "'\"-/":
                return found[0]
            gaps.append(found.end() + len(gaps))
            return found[0] + " "

        tokens = super().tokenize(_EXPONENT.sub(spaced, sql), dialect)
        if gaps:
            for token in tokens:
                token.start -= bisect(gaps, token.start)
                token.end -= bisect(gaps, token.end)
        return tokens

    class Parser(TrinoParser):
        FUNCTIONS: ClassVar[dict[str, Callable[..., Any]]] = {}
        FUNCTION_PARSERS: ClassVar = {
            name: parse for name, parse in TrinoParser.FUNCTION_PARSERS.items() if name in _SPECIAL_CALLS
        }
        COLUMN_OPERATORS: ClassVar = {  # a dot; not other systems' :: and ->
            token: parse for token, parse in TrinoParser.COLUMN_OPERATORS.items() if token == TokenType.DOT
        }
        TYPE_LITERAL_PARSERS: ClassVar = {
            **TrinoParser.TYPE_LITERAL_PARSERS,
            exp.DType.DECIMAL: lambda parser, this, kind: _decimal(parser, this, kind),
        }
        PLACEHOLDER_PARSERS: ClassVar = {TokenType.PLACEHOLDER: lambda parser: _placeholder(parser)}


def _decimal(parser: Any, text: exp.Literal, kind: exp.DataType) -> exp.Cast:
    """``DECIMAL '1.23'`` as a cast to the type that just its digits need."""
    found = _DECIMAL.fullmatch(text.name)
    whole, fraction = (found[1], found[2] or "") if found else ("", "")
    if found is None or not re.search(r"\d", text.name) or len(whole + fraction) > _MOST_DIGITS:
        line, column = place(parser.sql, parser._tokens[parser._index - 2].start)
        message = f"line {line}:{column}: '{text.name}' is not a valid DECIMAL literal"
        raise QueryFailed("INVALID_LITERAL", message)
    digits = [max(len(whole + fraction), 1), len(fraction)]
    parameters = [exp.DataTypeParam(this=exp.Literal.number(number)) for number in digits]
    kind.set("expressions", parameters)
    return exp.Cast(this=text, to=kind)


def _placeholder(parser: Any) -> exp.Placeholder:
    """A question mark with its position, because parameters are given in the order of the text."""
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


def parse_parameter(text: str) -> exp.Expr:
    """The tree of an execution parameter: a value as SQL writes it; anything else is taken for text."""
    try:
        found = parse_expression(text)
    except QueryFailed:
        return exp.Literal.string(text)
    if all(isinstance(node, _VALUES) for node in found.walk()):
        return found
    return exp.Literal.string(text)


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
    """sqlglot accepts ``SELECT a, FROM t``; Athena does not."""
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
