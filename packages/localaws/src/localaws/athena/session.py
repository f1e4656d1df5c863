"""The environment of one execution: the catalog, the files, an engine, and its own circumstances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from localaws.athena.catalog import Catalog
from localaws.athena.engine_errors import query_failed
from localaws.athena.errors import QueryCancelled, QueryFailed
from localaws.athena.results.column_info import ColumnInfo
from localaws.athena.sources import CatalogSources
from localaws.athena.sql.compiled import CompiledQuery
from localaws.athena.sql.context import Context, Names
from localaws.athena.sql.dialect import parse_expression, parse_parameter
from localaws.athena.sql.macros import macros_for
from localaws.athena.sql.queries import compile_query
from localaws.athena.tables.workspace import Workspace
from localaws.athena.worker.limits import Limits
from localaws.athena.worker.pool import EngineError, Job, Pool, Ticket, TimedOut
from localaws.objects import ObjectStore

__all__ = ["Outcome", "Prepared", "Session"]


class Prepared(Protocol):
    """The prepared statements of the execution's workgroup."""

    def get(self, name: str) -> str | None: ...

    def put(self, name: str, query: str) -> None: ...

    def remove(self, name: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a statement leaves: a result file, or rows written elsewhere.

    ``ending`` is the name of the result file after the query's id, ``.csv`` or ``.txt``, or nothing.
    """

    columns: tuple[ColumnInfo, ...] = ()
    ending: str = ""
    body: bytes | Path = b""
    update_count: int | None = None
    written: tuple[str, ...] | None = None  # s3:// addresses of new data files, for the manifest


@dataclass(frozen=True, slots=True)
class Session:
    """One execution. ``output`` is the folder of its result files, ``s3://BUCKET/FOLDER/``."""

    query_id: str
    database: str
    output: str
    parameters: tuple[str, ...]
    prepared: Prepared
    catalog: Catalog
    store: ObjectStore
    workspace: Workspace
    pool: Pool
    ticket: Ticket
    limits: Limits
    now: datetime
    cutoff: int | None = None  # bytes that the query may scan
    names: Names = field(default_factory=Names)

    def compiled(self, text: str, parameters: Sequence[str] | None = None) -> CompiledQuery:
        """A query as DuckDB's text; its tables' files are now in the workspace.

        Raises QueryFailed, or QueryCancelled where the work group lets no query scan as much.
        """
        if parameters is None:
            values = [parse_parameter(value) for value in self.parameters]
        else:  # of EXECUTE ... USING, which is SQL
            values = [parse_expression(value) for value in parameters]
        for value in values:
            for node in value.walk():
                node.meta.clear()  # places in another text
        sources = CatalogSources(self.catalog, self.store, self.workspace)
        found = compile_query(Context(text, self.database, sources, self.now, self.names, values))
        if self.cutoff is not None and self.workspace.scanned > self.cutoff:
            raise QueryCancelled("Bytes scanned limit was exceeded")
        return found

    def execute(self, *statements: str) -> list[Any]:
        """Run DuckDB's statements in a locked process; the rows of the last.

        Raises QueryFailed, or Stopped.
        """
        macros = macros_for(" ".join(statements))
        job = Job((*macros, *statements), tuple(self.workspace.inputs), self.workspace.root)
        try:
            return self.pool.run(job, self.ticket)
        except TimedOut as error:
            limit = f"{self.limits.seconds:g}s"
            raise QueryFailed(
                "EXCEEDED_TIME_LIMIT", f"Query exceeded the maximum run time limit of {limit}"
            ) from error
        except EngineError as error:
            raise query_failed(error, self.names.meant, self.limits.memory) from error
