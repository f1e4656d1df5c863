"""PREPARE, EXECUTE and DEALLOCATE."""

from localaws.athena.errors import QueryFailed
from localaws.athena.session import Outcome, Session
from localaws.athena.statements.parse import parse
from localaws.athena.statements.select import select_text
from localaws.athena.statements.statement import Deallocate, Execute, Prepare, Select

__all__ = ["deallocate", "execute", "prepare"]


def prepare(statement: Prepare, session: Session) -> Outcome:
    session.prepared.put(statement.name, statement.query)
    return Outcome(ending=".txt")


def execute(statement: Execute, session: Session) -> Outcome:
    text = session.prepared.get(statement.name)
    if text is None:
        raise QueryFailed("NOT_FOUND", f"PreparedStatement {statement.name} was not found")
    if not isinstance(parse(text), Select):
        raise QueryFailed("NOT_SUPPORTED", "EXECUTE of anything but a query")
    return select_text(session.compiled(text, statement.parameters or None), session)


def deallocate(statement: Deallocate, session: Session) -> Outcome:
    if not session.prepared.remove(statement.name):
        raise QueryFailed("NOT_FOUND", f"PreparedStatement {statement.name} was not found")
    return Outcome(ending=".txt")
