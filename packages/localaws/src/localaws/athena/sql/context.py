"""The context in which one query text is compiled."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from sqlglot import exp

from localaws.athena.errors import QueryFailed
from localaws.athena.sql.dialect import offset_of, place, tokenize
from localaws.athena.sql.source import Sources

__all__ = ["Context", "Names"]


_MOST_NAMES = 50_000
_MOST_EXPANSIONS = 2_000


@dataclass(frozen=True, slots=True)
class Names:
    """Names for DuckDB's text, each given once: no name of the user's gets there.

    ``meant`` has the user's name of a column, for DuckDB's messages.
    """

    numbers: Iterator[int] = field(default_factory=count)
    expansions: Iterator[int] = field(default_factory=count)
    meant: dict[str, str] = field(default_factory=dict)

    def new(self, letter: str, meant: str | None = None) -> str:
        number = next(self.numbers)
        if number > _MOST_NAMES:
            raise QueryFailed("STACK_OVERFLOW", "statement is too large")
        name = f"{letter}{number}"
        if meant is not None:
            self.meant[name] = meant
        return name

    def expand(self) -> None:
        """Count the expansion of one more view: nested views can double with each level."""
        if next(self.expansions) > _MOST_EXPANSIONS:
            raise QueryFailed("STACK_OVERFLOW", "statement is too large")


@dataclass(frozen=True, slots=True)
class Context:
    """``text`` is the query as it was sent; ``parameters`` are the values of its question marks."""

    text: str
    database: str
    sources: Sources
    now: datetime
    names: Names = field(default_factory=Names)
    parameters: Sequence[exp.Expr] = ()
    views: tuple[str, ...] = ()  # those that this text is the definition of, outermost first

    def error(self, code: str, message: str, node: exp.Expr | None = None) -> QueryFailed:
        """A failure at ``node``."""
        return QueryFailed(code, f"{self.where(node)}{message}")

    def where(self, node: exp.Expr | None) -> str:
        """``line L:C: `` of the node, or nothing where the parser lost it."""
        return self._at(offset_of(node) if node is not None else None)

    def where_operator(self, node: exp.Binary, symbols: Sequence[str]) -> str:
        """The place of the operator itself, where Trino sees the mistake."""
        ends = [found.meta["end"] for found in node.this.walk() if "end" in found.meta]
        if ends:
            for token in tokenize(self.text):
                if token.start > max(ends) and token.text.upper() in symbols:
                    return self._at(token.start)
        return self.where(node)

    def _at(self, offset: int | None) -> str:
        if offset is None:
            return ""
        line, column = place(self.text, offset)
        return f"line {line}:{column}: "
