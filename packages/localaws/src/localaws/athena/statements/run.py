"""Which module executes which statement."""

from collections.abc import Callable
from typing import Any

from localaws.athena.session import Outcome, Session
from localaws.athena.statements import ddl, prepared, show
from localaws.athena.statements import statement as s
from localaws.athena.statements.create_table_as import create_table_as
from localaws.athena.statements.insert import insert
from localaws.athena.statements.select import select
from localaws.athena.statements.unload import unload

__all__ = ["run"]

_RUNNERS: dict[type[s.Statement], Callable[[Any, Session], Outcome]] = {
    s.Select: select,
    s.CreateDatabase: ddl.create_database,
    s.DropDatabase: ddl.drop_database,
    s.CreateTable: ddl.create_table,
    s.CreateTableAs: create_table_as,
    s.CreateView: ddl.create_view,
    s.Drop: ddl.drop,
    s.Insert: insert,
    s.Unload: unload,
    s.RepairTable: ddl.repair_table,
    s.AlterTable: ddl.alter_table,
    s.Show: show.show,
    s.Describe: show.describe,
    s.Explain: show.explain,
    s.Prepare: prepared.prepare,
    s.Execute: prepared.execute,
    s.Deallocate: prepared.deallocate,
}


def run(statement: s.Statement, session: Session) -> Outcome:
    """Execute the statement. Raises QueryFailed or Stopped."""
    return _RUNNERS[type(statement)](statement, session)
