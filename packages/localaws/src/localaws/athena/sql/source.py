"""What a compiled query reads from: the seam between SQL and the tables."""

from dataclasses import dataclass
from typing import Protocol

from localaws.athena.sql.types import Type

__all__ = ["Sources", "TableSource", "ViewSource"]


@dataclass(frozen=True, slots=True)
class TableSource:
    """A table: its columns, and a SELECT of DuckDB's that gives them, in that order and of those types."""

    columns: tuple[tuple[str, Type], ...]
    sql: str


@dataclass(frozen=True, slots=True)
class ViewSource:
    """A view: its query, and the database of unqualified names in that query."""

    text: str
    database: str
    columns: tuple[str, ...]


class Sources(Protocol):
    """What names in FROM refer to."""

    def source(self, database: str, table: str) -> TableSource | ViewSource | None:
        """The table or view of those lower-case names, or None.

        Raises QueryFailed when the database does not exist or the table cannot be read.
        """
        ...
