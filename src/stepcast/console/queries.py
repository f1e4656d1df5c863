"""The API of SQL: tables, and queries through Athena."""

import re
from typing import Any

from stepcast.console.answers import Answer, Refusal, json_answer
from stepcast.console.clients import Clients
from stepcast.console.requests import Request
from stepcast.console.stack import Stack

__all__ = ["Queries"]

QUERY = re.compile(r"[0-9a-f-]{36}")
PAGE = 1000  # rows, GetQueryResults' limit
PLACE = re.compile(r"line (\d+):(\d+)")


class Queries:
    """Of one stack's workgroup and database."""

    def __init__(self, stack: Stack, clients: Clients) -> None:
        self._stack, self._clients = stack, clients

    @property
    def _athena(self) -> Any:
        return self._clients["athena"]

    @property
    def _glue(self) -> Any:
        return self._clients["glue"]

    def tables(self, request: Request) -> Answer:
        """Every table of the database with its columns and their types."""
        del request
        try:
            pages = self._glue.get_paginator("get_tables").paginate(DatabaseName=self._stack.database)
            found = [table for page in pages for table in page["TableList"]]
        except self._glue.exceptions.EntityNotFoundException:
            found = []  # the first forecast creates it
        return json_answer(
            {
                "database": self._stack.database,
                "tables": [
                    {"name": table["Name"], "columns": _columns(table)}
                    for table in sorted(found, key=lambda table: table["Name"])
                ],
            }
        )

    def start(self, request: Request) -> Answer:
        """Start a statement; its id."""
        sql = request.document().get("sql")
        if not isinstance(sql, str) or not sql.strip():
            raise Refusal(400, "sql must be the text of a statement")
        try:
            answer = self._athena.start_query_execution(
                QueryString=sql,
                QueryExecutionContext={"Database": self._stack.database, "Catalog": "AwsDataCatalog"},
                WorkGroup=self._stack.outputs["WorkGroupName"],
            )
        except self._athena.exceptions.InvalidRequestException as error:
            raise _refused(error.response["Error"]["Message"]) from None
        return json_answer({"id": answer["QueryExecutionId"]})

    def state(self, request: Request) -> Answer:
        """How far a query is, and where it failed."""
        execution = self._execution(request)
        status, statistics = execution["Status"], execution.get("Statistics", {})
        reason = status.get("StateChangeReason") if status["State"] != "SUCCEEDED" else None
        return json_answer(
            {
                "state": status["State"],
                "message": reason,
                "place": _place(reason) if reason else None,
                "milliseconds": statistics.get("TotalExecutionTimeInMillis"),
                "bytes": statistics.get("DataScannedInBytes"),
            }
        )

    def rows(self, request: Request) -> Answer:
        """A page of a query's result, and the token of the next."""
        execution = self._execution(request)
        if execution["Status"]["State"] != "SUCCEEDED":
            raise Refusal(400, f"the query is {execution['Status']['State'].lower()}: it has no rows")
        token = request.text("token")
        page = self._athena.get_query_results(
            QueryExecutionId=execution["QueryExecutionId"],
            MaxResults=PAGE,
            **({"NextToken": token} if token else {}),
        )
        described = page["ResultSet"].get("ResultSetMetadata", {}).get("ColumnInfo", [])
        rows = page["ResultSet"]["Rows"]
        if not token and execution.get("StatementType") == "DML":
            rows = rows[1:]  # the first row of a query repeats the columns' names
        return json_answer(
            {
                "columns": [{"name": info["Name"], "type": info["Type"]} for info in described],
                "rows": [[cell.get("VarCharValue") for cell in row.get("Data", [])] for row in rows],
                "next": page.get("NextToken"),
            }
        )

    def stop(self, request: Request) -> Answer:
        """Stop a query that is still running."""
        identifier = str(request.document().get("id", ""))
        if not QUERY.fullmatch(identifier):
            raise Refusal(400, "id must be that of a query")
        self._athena.stop_query_execution(QueryExecutionId=identifier)
        return json_answer({"id": identifier})

    def _execution(self, request: Request) -> dict[str, Any]:
        identifier = request.text("id")
        if not QUERY.fullmatch(identifier):
            raise Refusal(400, "id must be that of a query")
        try:
            answer = self._athena.get_query_execution(QueryExecutionId=identifier)
        except self._athena.exceptions.InvalidRequestException:
            raise Refusal(404, f"there is no query {identifier}") from None
        execution: dict[str, Any] = answer["QueryExecution"]
        return execution


def _columns(table: dict[str, Any]) -> list[dict[str, str]]:
    columns = [*table.get("StorageDescriptor", {}).get("Columns", []), *table.get("PartitionKeys", [])]
    return [{"name": column["Name"], "type": column.get("Type", "")} for column in columns]


def _refused(message: str) -> Refusal:
    return Refusal(400, message, place=_place(message))


def _place(message: str) -> dict[str, int] | None:
    """Where in the statement the error is: line and column, from 1.

    >>> _place("COLUMN_NOT_FOUND: line 2:8: Column 'itm' cannot be resolved")
    {'line': 2, 'column': 8}
    """
    found = PLACE.search(message)
    return {"line": int(found[1]), "column": int(found[2])} if found else None
