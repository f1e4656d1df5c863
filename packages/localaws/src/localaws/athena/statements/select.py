"""SELECT: rows into ``<id>.csv``."""

from localaws.athena.errors import QueryFailed
from localaws.athena.results.column_info import of_query
from localaws.athena.results.csv_file import write_csv
from localaws.athena.session import Outcome, Session
from localaws.athena.sql.compiled import CompiledQuery
from localaws.athena.sql.render import result_text
from localaws.athena.sql.typed import literal
from localaws.athena.statements.statement import Select

__all__ = ["select", "select_text"]


def select(statement: Select, session: Session) -> Outcome:
    """Run the query."""
    return select_text(session.compiled(statement.text), session)


def select_text(compiled: CompiledQuery, session: Session) -> Outcome:
    """The rows of a compiled query as Athena writes them.

    Raises QueryFailed when there are more rows than one result may have.
    """
    rows = session.workspace.write("rows.csv")
    values = ", ".join(result_text(f"q.{column.sql}", column.type) for column in compiled.columns)
    limit = session.limits.rows
    found = session.execute(
        f"COPY (SELECT {values} FROM ({compiled.sql}) AS q LIMIT {limit + 1}) TO {literal(str(rows))} "
        "(FORMAT csv, HEADER false, DELIMITER ',', QUOTE '\"', ESCAPE '\"', NULLSTR '', FORCE_QUOTE *)"
    )
    if found[0][0] > limit:
        raise QueryFailed(
            "EXCEEDED_RESULT_LIMIT", f"the result has more than {limit:,} rows: add a LIMIT, or use UNLOAD"
        )
    labels = [
        column.name if column.name is not None else f"_col{index}"
        for index, column in enumerate(compiled.columns)
    ]
    result = session.workspace.write("result.csv")
    write_csv(result, labels, rows)
    columns = tuple(
        of_query(label, column.type) for label, column in zip(labels, compiled.columns, strict=True)
    )
    return Outcome(columns, ".csv", result)
