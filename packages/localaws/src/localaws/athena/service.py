"""Runs executions: some at once, the others queued, each from QUEUED to SUCCEEDED, FAILED or CANCELLED.

The first of them imports the compiler of SQL: a fifth of what a start would have to import.
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from localaws.athena.catalog import Catalog
from localaws.athena.errors import QueryCancelled, QueryFailed
from localaws.athena.executions import FINAL, QueryExecution
from localaws.athena.results.metadata_file import metadata_file
from localaws.athena.tables.location import bucket_and_prefix
from localaws.athena.tables.workspace import Workspace
from localaws.athena.worker.limits import Limits
from localaws.athena.worker.pool import Pool, Stopped, Ticket
from localaws.objects import ObjectStore

if TYPE_CHECKING:
    from localaws.athena.session import Outcome, Prepared

__all__ = ["Service"]

log = logging.getLogger(__name__)

DEFAULT_DATABASE = "default"


class Service:
    """The engine behind Athena's API."""

    def __init__(
        self,
        store: ObjectStore,
        workdir: Path,
        limits: Limits | None = None,
        kept: Callable[[QueryExecution], None] = lambda _: None,
    ) -> None:
        """``kept`` is called with each new state of an execution before anybody can see it."""
        self.store, self.limits, self._kept = store, limits or Limits(), kept
        self._workdir = workdir
        shutil.rmtree(workdir, ignore_errors=True)  # what a killed process left behind
        self._pool = Pool(self.limits)
        self._threads = ThreadPoolExecutor(self.limits.running, thread_name_prefix="localaws-athena")
        self._tickets: dict[str, Ticket] = {}
        self._lock = threading.Lock()

    def submit(
        self,
        execution: QueryExecution,
        catalog: Catalog,
        store: ObjectStore,
        prepared: Prepared,
        cutoff: int | None = None,
    ) -> None:
        """Run ``execution`` as soon as there is room for it, on what its caller may see of both.

        It is cancelled if it has to scan more than ``cutoff`` bytes.
        """
        self._kept(execution)
        ticket = Ticket()
        with self._lock:
            self._tickets[execution.id] = ticket
        self._threads.submit(self._run, execution, catalog, store, prepared, cutoff, ticket)

    def stop(self, execution: QueryExecution) -> None:
        """Cancel an execution in any state; one that has ended is left as it is."""
        with self._lock:
            if execution.state in FINAL:
                return
            self._change(execution, "CANCELLED", "Query cancelled by user")
            ticket = self._tickets.get(execution.id)
        if ticket is not None:
            ticket.stop()

    def settle(self, execution: QueryExecution) -> None:
        """Fail an execution whose process has ended; its state was kept."""
        with self._lock:
            if execution.state not in FINAL and execution.id not in self._tickets:
                execution.error_code = "GENERIC_INTERNAL_ERROR"
                self._change(
                    execution,
                    "FAILED",
                    "GENERIC_INTERNAL_ERROR: the server stopped while the query was running: run it again",
                )

    def close(self) -> None:
        """End every query and every process."""
        with self._lock:
            tickets = list(self._tickets.values())
        for ticket in tickets:
            ticket.stop()
        self._pool.close()
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _run(
        self,
        execution: QueryExecution,
        catalog: Catalog,
        store: ObjectStore,
        prepared: Prepared,
        cutoff: int | None,
        ticket: Ticket,
    ) -> None:
        try:
            if not self._begin(execution):
                return
            workspace = Workspace(self._workdir / execution.id)
            try:
                outcome = self._outcome(execution, catalog, store, prepared, cutoff, ticket, workspace)
                files = self._result_files(execution, outcome, store)
                self._succeed(execution, outcome, workspace, files)
            finally:
                execution.scanned = workspace.scanned
                workspace.remove()
        except QueryCancelled as cancelled:
            self._end(execution, "CANCELLED", str(cancelled))
        except Stopped:
            self._end(execution, "CANCELLED", "Query cancelled by user")
        except QueryFailed as failure:
            execution.error_code = failure.code
            self._end(execution, "FAILED", str(failure))
        except Exception as error:
            log.exception("query %s", execution.id)
            execution.error_code = "GENERIC_INTERNAL_ERROR"
            self._end(execution, "FAILED", f"GENERIC_INTERNAL_ERROR: {type(error).__name__}: {error}")
        finally:
            with self._lock:
                self._tickets.pop(execution.id, None)

    def _outcome(
        self,
        execution: QueryExecution,
        catalog: Catalog,
        store: ObjectStore,
        prepared: Prepared,
        cutoff: int | None,
        ticket: Ticket,
        workspace: Workspace,
    ) -> Outcome:
        from localaws.athena.session import Session
        from localaws.athena.statements.parse import parse
        from localaws.athena.statements.run import run

        context = execution.request.get("QueryExecutionContext") or {}
        session = Session(
            query_id=execution.id,
            database=(context.get("Database") or DEFAULT_DATABASE).strip('`"').lower(),
            output=execution.output,
            parameters=tuple(execution.request.get("ExecutionParameters") or ()),
            prepared=prepared,
            catalog=catalog,
            store=store,
            workspace=workspace,
            pool=self._pool,
            ticket=ticket,
            limits=self.limits,
            now=datetime.now(UTC),
            cutoff=cutoff,
        )
        return run(parse(execution.request["QueryString"]), session)

    def _begin(self, execution: QueryExecution) -> bool:
        with self._lock:
            if execution.state != "QUEUED":
                return False
            execution.state, execution.started = "RUNNING", time.time()
            return True

    @staticmethod
    def _result_files(
        execution: QueryExecution, outcome: Outcome, store: ObjectStore
    ) -> list[Callable[[], object]]:
        """What remains to be done for the result, and its location."""
        bucket, prefix = bucket_and_prefix(execution.output)
        base, address = f"{prefix}{execution.id}", f"{execution.output}{execution.id}"
        todo: list[Callable[[], object]] = []
        if outcome.written is not None:
            listed = "".join(f"{file}\n" for file in outcome.written).encode()
            todo.append(lambda: store.put(bucket, f"{base}-manifest.csv", listed))
            execution.manifest = f"{address}-manifest.csv"
            execution.location = address
        if outcome.columns:
            described = metadata_file(execution.id, outcome.columns)
            todo.append(lambda: store.put(bucket, f"{base}{outcome.ending}.metadata", described))
        if outcome.ending:
            todo.append(lambda: store.put(bucket, f"{base}{outcome.ending}", outcome.body))
            execution.location = f"{address}{outcome.ending}"
        return todo

    def _succeed(
        self,
        execution: QueryExecution,
        outcome: Outcome,
        workspace: Workspace,
        files: list[Callable[[], object]],
    ) -> None:
        try:
            for put in files:
                put()
        except FileNotFoundError as error:
            bucket = bucket_and_prefix(execution.output)[0]
            raise QueryFailed(
                None, f"Unable to verify/create output bucket {bucket}: create it first"
            ) from error
        execution.scanned = workspace.scanned
        execution.columns = outcome.columns
        execution.update_count = outcome.update_count
        self._end(execution, "SUCCEEDED", None)

    def _end(self, execution: QueryExecution, state: str, reason: str | None) -> None:
        with self._lock:
            if execution.state not in FINAL:
                self._change(execution, state, reason)

    def _change(self, execution: QueryExecution, state: str, reason: str | None) -> None:
        now = time.time()
        try:
            self._kept(replace(execution, state=state, reason=reason, completed=now))
        except OSError as error:  # it is not kept: a success would not be one after a restart
            state, reason = "FAILED", f"GENERIC_INTERNAL_ERROR: {error}"
            execution.error_code = "GENERIC_INTERNAL_ERROR"
        execution.reason, execution.completed = reason, now
        execution.state = state
