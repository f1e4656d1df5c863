"""A function of Trino's: what it takes, what it gives, and DuckDB's words for it.

A signature is written as Trino's documentation writes it, ``"element_at(map(K, V), K) -> V"``:

- a capital letter stands for any type, the same one everywhere; ``N`` for any number, ``O`` for anything with
  an order;
- ``any`` is any type, another one every time;
- ``varchar``, ``decimal``, ``timestamp``, ``timestamp with time zone`` and ``time`` take any length or
  precision;
- ``function(T, R)`` is a lambda from T to R; a last parameter that ends in ``...`` may come any number of
  times.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from localaws.athena.sql import types
from localaws.athena.sql.typed import Typed
from localaws.athena.sql.types import Type, can_coerce, common_type

__all__ = ["Function", "Kind", "Pattern", "Template", "aggregate", "instantiate", "match", "scalar", "window"]

Kind = Literal["scalar", "aggregate", "window"]
Template = str | Callable[[Sequence[Typed]], str]  # "lower({0})", or a function of the arguments
Result = Callable[[Sequence[Type]], Type]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A type in a signature."""

    base: str
    parameters: tuple["Pattern", ...] = ()

    @property
    def variable(self) -> bool:
        return len(self.base) == 1


@dataclass(frozen=True, slots=True)
class Function:
    """One overload. ``result`` overrides ``returns`` where the type depends on precisions."""

    name: str
    parameters: tuple[Pattern, ...]
    returns: Pattern
    template: Template
    kind: Kind
    repeats: bool  # the last parameter
    result: Result | None
    written: str

    def pattern(self, index: int) -> Pattern:
        """What the argument at ``index`` must be."""
        return self.parameters[min(index, len(self.parameters) - 1)]

    def takes(self, count: int) -> bool:
        """Whether ``count`` arguments are the right number."""
        return count >= len(self.parameters) - 1 if self.repeats else count == len(self.parameters)


def scalar(written: str, template: Template, result: Result | None = None) -> Function:
    """A function of a row's values."""
    return _function(written, template, "scalar", result)


def aggregate(written: str, template: Template, result: Result | None = None) -> Function:
    """A function of a group's rows.

    In the template, also in one that a function gives, ``{distinct}`` and ``{order}`` are where DISTINCT and
    an ORDER BY go, ``{over}`` is FILTER and OVER.
    """
    return _function(written, template, "aggregate", result)


def window(written: str, template: Template) -> Function:
    """A function that needs OVER."""
    return _function(written, template, "window", None)


def match(function: Function, given: Sequence[Type | int], coercing: bool) -> dict[str, Type] | None:
    """What the capital letters stand for if ``given`` fits, or None.

    A lambda is given as the number of its parameters: it binds nothing yet.
    """
    if not function.takes(len(given)):
        return None
    bound: dict[str, Type] = {}
    for index, kind in enumerate(given):
        pattern = function.pattern(index)
        if isinstance(kind, int):
            if pattern.base != "function" or len(pattern.parameters) - 1 != kind:
                return None
        elif not _fits(pattern, kind, bound, coercing):
            return None
    return bound


def instantiate(pattern: Pattern, bound: dict[str, Type], given: Type | None = None) -> Type:
    """The type that ``pattern`` is once its letters are bound; ``given``'s own precision is kept."""
    if pattern.variable:
        return bound.get(pattern.base, types.UNKNOWN)
    if given is not None and (
        pattern.base == "any" or (given.base == pattern.base and not pattern.parameters)
    ):
        return given
    if pattern.base == "decimal" and given is not None and given.base in types.INTEGERS:
        return types.as_decimal(given)
    if pattern.base == "array":
        return types.array(instantiate(pattern.parameters[0], bound))
    if pattern.base == "map":
        return types.map_of(
            instantiate(pattern.parameters[0], bound), instantiate(pattern.parameters[1], bound)
        )
    if pattern.base == "row":
        return types.row(tuple(instantiate(inner, bound) for inner in pattern.parameters))
    return _PLAIN[pattern.base]


_PLAIN = {
    kind.base: kind
    for kind in (
        types.BOOLEAN, types.TINYINT, types.SMALLINT, types.INTEGER, types.BIGINT, types.REAL, types.DOUBLE,
        types.VARCHAR, types.VARBINARY, types.JSON, types.DATE, types.TIME, types.TIMESTAMP,
        types.TIMESTAMP_TZ,
        types.DAY_INTERVAL, types.MONTH_INTERVAL, types.UNKNOWN,
    )
}  # fmt: skip
_PLAIN["decimal"] = types.decimal(38, 0)


def _fits(pattern: Pattern, kind: Type, bound: dict[str, Type], coercing: bool) -> bool:
    if pattern.variable:
        if pattern.base == "N" and kind.base not in (*types.NUMBERS, "unknown"):
            return False
        known = bound.get(pattern.base)
        together = kind if known is None else common_type(known, kind)
        if together is None or (
            known is not None and not coercing and known != kind and "unknown" not in {known.base, kind.base}
        ):
            return False
        bound[pattern.base] = together
        return True
    if kind.base == "unknown" or pattern.base == "any":
        return True
    if pattern.parameters:
        return (
            kind.base == pattern.base
            and len(kind.parameters) == len(pattern.parameters)
            and all(
                _fits(inner, kind.inner(i), bound, coercing) for i, inner in enumerate(pattern.parameters)
            )
        )
    if kind.base == pattern.base:
        return True
    if not coercing:
        return False
    if pattern.base == "decimal":
        return kind.base in types.INTEGERS
    return can_coerce(
        kind, Type(pattern.base, kind.parameters) if pattern.base in types.MOMENTS else _PLAIN[pattern.base]
    )


_SIGNATURE = re.compile(r"(\w+)\((.*)\) -> (.+)")
_WORD = re.compile(r"\s*([A-Za-z0-9_]+(?: with time zone| day to second| year to month)?)")


def _function(written: str, template: Template, kind: Kind, result: Result | None) -> Function:
    found = _SIGNATURE.fullmatch(written)
    if found is None:
        raise ValueError(f"not a signature: {written!r}")
    name, inside, returns = found.groups()
    repeats = inside.endswith("...")
    parameters = _patterns(inside.removesuffix("..."))
    return Function(
        name, parameters, _patterns(returns)[0], template, kind, repeats, result, written.split(" -> ")[0]
    )


def _patterns(text: str) -> tuple[Pattern, ...]:
    """The patterns in ``"array(T), varchar"``."""
    found: list[Pattern] = []
    rest = text.strip()
    while rest:
        word = _WORD.match(rest)
        if word is None:
            raise ValueError(f"not a type: {rest!r}")
        rest, inner = rest[word.end() :], ""
        if rest.startswith("("):
            end = _closing(rest)
            inner, rest = rest[1:end], rest[end + 1 :]
        found.append(Pattern(word[1], _patterns(inner)))
        rest = rest.lstrip().removeprefix(",").lstrip()
    return tuple(found)


def _closing(text: str) -> int:
    depth = 0
    for index, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return index
    raise ValueError(f"no closing parenthesis: {text!r}")
