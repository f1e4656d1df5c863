"""UNLOAD: a query's rows as files, without a table.

https://docs.aws.amazon.com/athena/latest/ug/unload.html
"""

from localaws.athena.errors import QueryFailed
from localaws.athena.session import Outcome, Session
from localaws.athena.statements.create_table_as import ROWS, column_names, require_empty
from localaws.athena.statements.statement import Unload
from localaws.athena.statements.write import form_of, write

__all__ = ["unload"]

_KNOWN = {"format", "compression", "field_delimiter", "partitioned_by"}


def unload(statement: Unload, session: Session) -> Outcome:
    """Write the rows to the location, which must be empty."""
    if unknown := sorted(set(statement.properties) - _KNOWN):
        raise QueryFailed("NOT_SUPPORTED", f"UNLOAD property {', '.join(unknown)}")
    compiled = session.compiled(statement.query)
    names = column_names(compiled)
    keys = [key.lower() for key in statement.properties.get("partitioned_by", [])]
    if keys != names[len(names) - len(keys) :]:
        raise QueryFailed(
            "HIVE_COLUMN_ORDER_MISMATCH", f"the last columns must be those of partitioned_by: {keys}"
        )
    require_empty(statement.location, session)
    written = write(session, compiled, names, statement.location, form_of(statement.properties), keys)
    return Outcome(ROWS, update_count=written.rows, written=written.files)
