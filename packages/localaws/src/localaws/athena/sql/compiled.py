"""A query compiled to DuckDB's text."""

from collections.abc import Sequence
from dataclasses import dataclass

from localaws.athena.sql.casts import coerce
from localaws.athena.sql.typed import Typed
from localaws.athena.sql.types import Type

__all__ = ["CompiledQuery", "OutputColumn"]


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """A column of a query: the user's name for it (None where it has none), and its name in DuckDB's text."""

    name: str | None
    type: Type
    sql: str


@dataclass(frozen=True, slots=True)
class CompiledQuery:
    """``sql`` is a SELECT that gives ``columns``."""

    sql: str
    columns: tuple[OutputColumn, ...]

    def as_types(self, wanted: Sequence[Type]) -> str:
        """The query with its columns as ``wanted`` types, under the same names."""
        if all(column.type == kind for column, kind in zip(self.columns, wanted, strict=True)):
            return self.sql
        given = [
            f"{coerce(Typed(column.sql, column.type), kind).sql} AS {column.sql}"
            for column, kind in zip(self.columns, wanted, strict=True)
        ]
        return f"SELECT {', '.join(given)} FROM ({self.sql})"
