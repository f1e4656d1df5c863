"""Which columns an expression may name, and what they are in DuckDB's text."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from localaws.athena.sql.typed import Typed
from localaws.athena.sql.types import Type

__all__ = ["Ambiguous", "Field", "Scope"]


class Ambiguous(Exception):
    """Several columns have that name."""


@dataclass(frozen=True, slots=True)
class Field:
    """A column in reach. ``qualifier`` is what may precede its name: (catalog, database, table)."""

    name: str | None
    type: Type
    sql: str
    qualifier: tuple[str, ...] = ()
    constant: str | None = None

    def answers(self, qualifier: Sequence[str], name: str) -> bool:
        """Whether ``qualifier.name`` may mean this column; names are case-insensitive."""
        if self.name is None or self.name.lower() != name.lower() or len(qualifier) > len(self.qualifier):
            return False
        ending = self.qualifier[len(self.qualifier) - len(qualifier) :]
        return all(mine.lower() == given.lower() for mine, given in zip(ending, qualifier, strict=True))


@dataclass(frozen=True, slots=True)
class Scope:
    """The columns of one FROM; ``parent`` is the scope of the query around (for correlated subqueries)."""

    fields: tuple[Field, ...] = ()
    parent: "Scope | None" = None
    parameters: dict[str, Field] = field(default_factory=dict)  # of lambdas, which hide columns
    labels: dict[str, Field] = field(default_factory=dict)  # in ORDER BY the outputs, which go before columns
    grouped: dict[str, Typed] = field(
        default_factory=dict
    )  # keys of GROUP BY in DuckDB's text, and what replaces them in the outputs
    windows: dict[str, str] = field(
        default_factory=dict
    )  # the names after WINDOW, and theirs in DuckDB's text

    def find(self, parts: Sequence[str]) -> tuple[Field, tuple[str, ...]] | None:
        """The column that ``a.b.c`` names, and the names left over, which are fields of a row.

        Raises Ambiguous.
        """
        for hiding in (self.parameters, self.labels):
            if parts[0].lower() in hiding:
                return hiding[parts[0].lower()], tuple(parts[1:])
        for at in reversed(range(len(parts))):
            found = [candidate for candidate in self.fields if candidate.answers(parts[:at], parts[at])]
            if len(found) > 1:
                raise Ambiguous(parts[at])
            if found:
                return found[0], tuple(parts[at + 1 :])
        return self.parent.find(parts) if self.parent else None

    def of(self, qualifier: Sequence[str]) -> list[Field]:
        """The columns that ``qualifier.*`` means."""
        return [
            found for found in self.fields if found.name is not None and found.answers(qualifier, found.name)
        ]

    def with_parameters(self, parameters: dict[str, Field]) -> "Scope":
        """This scope inside a lambda."""
        return replace(self, parameters={**self.parameters, **parameters})
