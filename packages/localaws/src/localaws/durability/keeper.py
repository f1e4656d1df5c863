"""Stores everything that a client was told: it is on disk before the response is sent."""

import logging
import threading
import time
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from localaws.athena.executions import QueryExecution
from localaws.durability import log_rows, message_rows, object_rows, query_rows
from localaws.durability.codec import NotData, Omitted
from localaws.durability.journal import Journal, NotKept
from localaws.durability.log_rows import LogRows
from localaws.durability.marks import Marks
from localaws.durability.message_rows import MessageRows
from localaws.durability.object_rows import ObjectRows
from localaws.durability.query_rows import QueryRows
from localaws.durability.resources import Resources, used_backends
from localaws.s3.object_files import ObjectFiles

__all__ = ["Keeper", "NotSupported"]

log = logging.getLogger(__name__)

_SETTLE_SECONDS, _SWEEP_SECONDS = 5.0, 120.0
_READING = (
    "Get",
    "List",
    "Describe",
    "Head",
    "BatchGet",
    "Query",
    "Scan",
    "Search",
    "Lookup",
    "Validate",
    "Test",
)
# What has its own rows, which are written where it changes.
_IN_ROWS = {
    "sqs": (
        "SendMessage",
        "SendMessageBatch",
        "ReceiveMessage",
        "DeleteMessage",
        "DeleteMessageBatch",
        "ChangeMessageVisibility",
        "ChangeMessageVisibilityBatch",
        "PurgeQueue",
    ),
    "logs": ("PutLogEvents",),
    "cloudwatch": ("PutMetricData",),
    "athena": ("StartQueryExecution", "StopQueryExecution"),
    "stepfunctions": (
        "StartExecution",
        "StartSyncExecution",
        "StopExecution",
        "RedriveExecution",
        "SendTaskSuccess",
        "SendTaskFailure",
        "SendTaskHeartbeat",
    ),
}
# Services whose operations change what other services hold.
_FAR_REACHING = {"cloudformation", "resourcegroupstaggingapi", "awslambda", "cloudcontrol"}


class NotSupported(NotImplementedError):
    """The state of a service cannot be stored in a state folder."""

    def __init__(self, service: str, reason: str) -> None:
        super().__init__(
            f"localaws cannot store the state of {service} ({reason}): do not use it, or run without a "
            "state folder"
        )


class Keeper:
    """Restores the content of ``journal`` and ``files``, and stores changes from then on.

    Without a durable journal only the files of objects are tidied up.
    """

    def __init__(self, journal: Journal, files: ObjectFiles) -> None:
        self.journal, self.marks = journal, Marks()
        self._files, self._blobs = files, _Blobs(files)
        self._objects = ObjectRows(journal, self.marks, self._blobs)
        self._messages = MessageRows(journal, self.marks, self._blobs)
        self._logs = LogRows(journal, self.marks, self._blobs)
        self._queries = QueryRows(journal)
        self._stopped = threading.Event()
        self._resources: Resources | None = None
        self.old_executions: list[Any] = []  # of a snapshot: states/old_executions.py keeps them

    def patch(self, undo: ExitStack) -> None:
        """Notice changes of everything that has its own rows."""
        message_rows.patch_deleting(undo)
        if self.journal.durable:
            self._objects.patch(undo)
            self._messages.patch(undo)
            self._logs.patch(undo, lambda: self._write_resources("logs"))

    def restore(self, omitted: Omitted, snapshot: Path | None) -> None:
        """Give moto what is kept; ``omitted`` are further attributes that others keep.

        A ``snapshot`` in format 1 is converted to rows.

        Raises:
            NotData: a row or the snapshot is damaged, or was not written by localaws.
            NotKept: there is no room for the rows.
        """
        if self.journal.durable:
            everything: dict[Any, Any] = {**omitted}
            for part in (object_rows, message_rows, log_rows, query_rows):
                everything |= part.OMITTED
            self._resources = Resources(self.journal, everything, self._blobs)
            self._files.restore()
            if snapshot is not None:
                self._migrate(snapshot)
            else:
                self._resources.restore()
                for rows in (self._objects, self._messages, self._logs, self._queries):
                    rows.restore()
        threading.Thread(target=self._tidy_up, name="localaws tidy up", daemon=True).start()

    def collected(self) -> AbstractContextManager[None]:
        """Notice in this block, which is one request, what must be written at its end."""
        return self.marks.collected()

    def keep(self, environ: dict[str, Any], status: int) -> None:
        """Store what a request did, and whatever its response may contain, before it is answered.

        Raises:
            NotKept: it could not be written.
            NotSupported: it changed something that cannot be kept.
        """
        if self._resources is None:
            return
        self.marks.write()
        service, method = environ.get("localaws.service", ""), environ["REQUEST_METHOD"]
        if service == "s3" and method in {"GET", "HEAD"}:
            return  # whoever reads an object early reads what is about to be kept
        if status < 400 and (which := _changed(environ, service, method)):
            try:
                self._resources.write(which)
            except NotData as error:
                raise NotSupported(which, str(error)) from error
            if which in _FAR_REACHING:
                self._resources.write()
        self.journal.barrier()

    def keep_all(self) -> None:
        """Write everything that has changed, after changes that no request caused.

        Raises:
            NotKept: it could not be written.
        """
        if self._resources is not None:
            self.marks.write()
            self._resources.write()
            self.journal.barrier()

    def keep_query(self, execution: QueryExecution) -> None:
        """A query is in a new state, and may have changed the catalog.

        Raises:
            NotKept: it could not be written.
        """
        if self._resources is not None:
            self._queries.write(execution)
            self._resources.write("glue")
            self._resources.write("athena")
            self.journal.barrier()

    def _migrate(self, snapshot: Path) -> None:
        from localaws.durability.old_snapshot import load_snapshot

        load_snapshot(snapshot)
        machines: Any
        for _, machines in used_backends("stepfunctions"):
            for machine in getattr(machines, "state_machines", ()):
                self.old_executions += machine.executions
                machine.executions = []
        self._objects.write_all(lambda name: self._files.write(self._files.read(name)).name)
        self._messages.write_all()
        self._logs.write_all()
        self._queries.write_all()
        self.keep_all()

    def _write_resources(self, service: str) -> None:
        if self._resources is not None:
            self._resources.write(service)

    def sweep(self) -> int:
        """Remove files that nothing refers to, and that no request can be about; return how many."""
        return self._files.sweep(self._names)

    def stop(self) -> None:
        """Write what has changed, close the journal, and remove files that nothing refers to."""
        self._stopped.set()
        try:
            self.keep_all()
            self._files.settle()
            self._files.sweep(self._names, younger=0.0)
        except NotKept:
            log.exception("not all changes were stored")
        with suppress(NotKept):
            self.journal.close()

    def _tidy_up(self) -> None:
        swept = time.monotonic()
        while not self._stopped.wait(_SETTLE_SECONDS):
            try:
                self._files.settle()
                if time.monotonic() >= swept + _SWEEP_SECONDS:
                    self.sweep()
                    swept = time.monotonic()
            except Exception:
                log.exception("unused object files were not removed; this will be retried")

    def _names(self) -> set[str]:
        return self._objects.files() | self._blobs.names(self.journal)


class _Blobs:
    """Large binary data of resources (code of functions), stored like the bodies of objects."""

    def __init__(self, files: ObjectFiles) -> None:
        self._files = files
        self._names: dict[int, tuple[bytes, str]] = {}  # with the bytes, so that an id stays theirs

    def keep(self, body: bytes) -> str:
        known = self._names.get(id(body))
        if known is None:
            known = self._names[id(body)] = (body, self._files.write([body]).name)
        return known[1]

    def load(self, name: str) -> bytes:
        body = b"".join(self._files.read(name))
        self._names[id(body)] = (body, name)
        return body

    def names(self, journal: Journal) -> set[str]:
        """The names that rows refer to."""
        named = {name for _, name in self._names.values()}
        for _, _, row in journal.rows("backend"):
            named |= object_rows.file_names(row)
        return named


def _changed(environ: dict[str, Any], service: str, method: str) -> str | None:
    """The service whose resources a request has changed, if it may have changed any."""
    asked = (parse_qs(environ.get("QUERY_STRING", "")).get("Action") or [""])[0]
    if method in {"HEAD", "OPTIONS"} or (method == "GET" and not asked):
        return None
    if service == "s3":
        return None if _names_an_object(environ) else "s3"
    if service == "awslambda" and environ.get("PATH_INFO", "").endswith(("/invocations", "/invoke-async")):
        return None
    action = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2] or asked
    if action.startswith(_READING) or action in _IN_ROWS.get(service, ()):
        return None
    return service


def _names_an_object(environ: dict[str, Any]) -> bool:
    bucket, _, key = environ.get("PATH_INFO", "").lstrip("/").partition("/")
    return bool(bucket and key)
