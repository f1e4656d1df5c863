"""The table that a statement names."""

from localaws.athena.catalog import Table
from localaws.athena.session import Session
from localaws.athena.statements.statement import Name

__all__ = ["place_of", "table_of"]


def place_of(name: Name, session: Session) -> tuple[str, str]:
    """Database and table; the execution's database where the name has none.

    A client may send ``database.table`` in one pair of backticks.
    """
    if len(name) == 1 and name[0].count(".") == 1:
        database, table = name[0].split(".")
        return database, table
    return (name[-2] if len(name) > 1 else session.database), name[-1]


def table_of(name: Name, session: Session) -> Table:
    """Raises QueryFailed where there is no such table."""
    return session.catalog.require_table(*place_of(name, session))
