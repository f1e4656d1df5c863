"""SQL through Athena's API, with the same calls as any Athena client."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from stepcast.cli.failure import Failure
from stepcast.cli.stack import Stack

__all__ = ["Column", "Result", "ask", "identifier", "literal"]

Value = str | int | float | bool | None
WHOLE = ("tinyint", "smallint", "integer", "int", "bigint")
REAL = ("double", "float", "real")
PAGE = 1000  # rows, GetQueryResults' limit
FIRST_PAUSE, LONGEST_PAUSE = 0.01, 0.25  # seconds between polls; a small query takes a few hundredths


@dataclass(frozen=True)
class Column:
    """A column of a result: its name and Athena's type."""

    name: str
    kind: str

    @property
    def is_number(self) -> bool:
        return self.kind in WHOLE or self.kind in REAL or self.kind.startswith("decimal")


@dataclass(frozen=True)
class Result:
    """The columns, and the rows as fetched; statements without a result have no columns."""

    columns: tuple[Column, ...]
    rows: Iterator[tuple[Value, ...]]

    def records(self) -> list[dict[str, Value]]:
        """Every row as name to value."""
        names = [column.name for column in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]


def ask(stack: Stack, sql: str, parameters: Sequence[str | int | float] = ()) -> Result:
    """Run ``sql``; each ``?`` is replaced by one of ``parameters``, which are never part of the text.

    Failure with Athena's message if the statement cannot be run.
    """
    athena = stack.client("athena")
    execution: dict[str, Any] = {"ExecutionParameters": [literal(value) for value in parameters]}
    try:
        query = athena.start_query_execution(
            QueryString=sql,
            QueryExecutionContext={"Database": stack.database, "Catalog": "AwsDataCatalog"},
            WorkGroup=stack.outputs["WorkGroupName"],
            **(execution if parameters else {}),
        )["QueryExecutionId"]
    except athena.exceptions.InvalidRequestException as error:
        raise Failure(f"the query was rejected: {error.response['Error']['Message']}") from None
    try:
        _wait(athena, query)
    except KeyboardInterrupt:
        athena.stop_query_execution(QueryExecutionId=query)
        raise
    return _result(athena, query)


def identifier(name: str) -> str:
    """A quoted column or table name: the only text that is inserted into a statement.

    >>> identifier("item_id")
    '"item_id"'
    """
    if not name.replace("_", "a").isalnum() or not name.isascii():
        raise ValueError(f"{name!r} is not a valid column name")
    return f'"{name}"'


def literal(value: str | int | float) -> str:
    """A value for ExecutionParameters, as an SQL literal.

    >>> literal("O'Hara"), literal(3)
    ("'O''Hara'", '3')
    """
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else repr(value)


def _wait(athena: Any, query: str) -> None:
    pause = FIRST_PAUSE
    while True:
        status = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]
        if status["State"] == "SUCCEEDED":
            return
        if status["State"] in ("FAILED", "CANCELLED"):
            reason = status.get("StateChangeReason") or "no reason given"
            raise Failure(
                f"the query was {status['State'].lower()}: {reason}".replace("was failed", "failed")
            )
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


def _result(athena: Any, query: str) -> Result:
    first = athena.get_query_results(QueryExecutionId=query, MaxResults=PAGE)
    described = first["ResultSet"].get("ResultSetMetadata", {}).get("ColumnInfo", [])
    columns = tuple(
        Column(name, info["Type"]) for name, info in zip(_names(described), described, strict=True)
    )
    return Result(columns, _rows(athena, query, columns, first, _has_labels(athena, query)))


def _rows(
    athena: Any, query: str, columns: tuple[Column, ...], page: dict[str, Any], labelled: bool
) -> Iterator[tuple[Value, ...]]:
    rows = page["ResultSet"]["Rows"][1:] if labelled else page["ResultSet"]["Rows"]
    while True:
        for row in rows:
            texts = [part.get("VarCharValue") for part in row.get("Data", [])]  # the key is absent for NULL
            yield tuple(_value(text, column) for text, column in zip(texts, columns, strict=True))
        if "NextToken" not in page:
            return
        page = athena.get_query_results(QueryExecutionId=query, MaxResults=PAGE, NextToken=page["NextToken"])
        rows = page["ResultSet"]["Rows"]


def _has_labels(athena: Any, query: str) -> bool:
    """Whether the first row repeats the columns' names: it does for queries, not for SHOW and DESCRIBE."""
    execution = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]
    return bool(execution.get("StatementType") == "DML")


def _names(described: list[dict[str, Any]]) -> list[str]:
    """The column names, made unique if a query returns a name twice."""
    names: list[str] = []
    for info in described:
        name, number = info["Name"], 2
        while name in names:
            name, number = f"{info['Name']}_{number}", number + 1
        names.append(name)
    return names


def _value(text: str | None, column: Column) -> Value:
    if text is None:
        return None
    if column.kind in WHOLE:
        return int(text)
    if column.kind in REAL:
        return float(text)
    return text == "true" if column.kind == "boolean" else text
