"""Athena's queries as rows of the journal, one each, written when they are accepted and when they end."""

import json
from dataclasses import asdict, fields
from typing import Any

from moto.athena.models import AthenaBackend, athena_backends

from localaws.athena.executions import QueryExecution
from localaws.athena.results.column_info import ColumnInfo
from localaws.durability.codec import Omitted
from localaws.durability.journal import Journal

__all__ = ["OMITTED", "QueryRows"]

OMITTED: Omitted = {(AthenaBackend, "executions"): dict}


class QueryRows:
    """Writes rows of queries to ``journal``, and restores the queries from its rows."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def write(self, execution: QueryExecution) -> None:
        """Write how far a query is."""
        self._journal.put("query", execution.scope, execution.id, json.dumps(asdict(execution)).encode())

    def write_all(self) -> None:
        """Write a row for every query in memory, which came from elsewhere."""
        backend: Any
        for account, region, backend in athena_backends.iter_backends():
            for execution in backend.executions.values():
                execution.scope = f"{account}/{region}"
                self.write(execution)

    def restore(self) -> None:
        """Restore the queries; one that was running has failed, with the reason in its description."""
        for scope, query_id, row in self._journal.rows("query"):
            account, _, region = scope.partition("/")
            backend: Any = athena_backends[account][region]
            backend.executions[query_id] = _query(json.loads(row))


def _query(held: dict[str, Any]) -> QueryExecution:
    known = {field.name for field in fields(QueryExecution)}
    columns = tuple(ColumnInfo(**column) for column in held.pop("columns"))
    return QueryExecution(columns=columns, **{name: held[name] for name in held if name in known})
