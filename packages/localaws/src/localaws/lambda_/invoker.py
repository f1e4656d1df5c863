"""Runs deployed functions, synchronously and asynchronously, and keeps their logs."""

import json
import logging
import os
import shutil
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.utils import get_backend
from moto.core.utils import unix_time_millis

from localaws.deliveries import Deliveries, Delivery, Interrupted, Later
from localaws.iam.evaluation import Access
from localaws.iam.guard import SENDING, Guard
from localaws.iam.requests.watching import log_stream_arn
from localaws.lambda_.code import CodeFolders
from localaws.lambda_.destinations import send_to_destination
from localaws.lambda_.fork_server import ForkServers
from localaws.lambda_.function import Function, NotRunnable, log_group
from localaws.lambda_.invocation import Invocation
from localaws.lambda_.pool import Pool
from localaws.lambda_.worker import Client, default_client
from localaws.preload import Preload

__all__ = ["ASYNC_LIMIT", "RESPONSE_LIMIT", "SYNC_LIMIT", "Invoker", "Throttled"]

log = logging.getLogger(__name__)

SYNC_LIMIT = 6_291_456  # bytes of a request's payload
ASYNC_LIMIT = 262_144  # bytes of an event's payload
RESPONSE_LIMIT = 6_291_556  # bytes of an answer

_RETRY_SECONDS = (1.0, 2.0)  # AWS waits one minute, then two


class Throttled(Exception):
    """The function's reserved concurrency is zero."""


class Invoker:
    """Owns the workers of every function. Code is unpacked below ``root``; handlers call ``endpoint``.

    The workers' temporary files are below ``root``, too, and go when they all have ended.
    A worker that has had nothing to do for ``idle_seconds`` ends.
    """

    def __init__(
        self,
        root: Path,
        endpoint: str,
        account: str,
        region: str,
        deliveries: Deliveries,
        guard: Guard,
        preload: Preload,
        idle_seconds: float,
        client: Client | None = None,
    ) -> None:
        self._folders, self._temporary = CodeFolders(root), root / "tmp"
        self._remove_temporary()  # what was killed with its workers could not
        self._temporary.mkdir(parents=True)
        self._endpoint, self._account, self._region = endpoint, account, region
        self._deliveries, self._guard = deliveries, guard
        self._client: Client = client or default_client()
        self._size = max(2, os.cpu_count() or 2)
        self._fork_servers = ForkServers(preload)
        self._idle_seconds = idle_seconds
        self._pools: dict[str, Pool] = {}
        self._lock = threading.Lock()
        self._closed = False
        deliveries.register("invocation", self._deliver)
        self._stopped = threading.Event()
        threading.Thread(target=self._end_idle, name="localaws idle workers", daemon=True).start()

    def find(self, name_or_arn: str, qualifier: str | None = None) -> Any:
        """moto's function of that name or ARN.

        Raises:
            UnknownFunctionException: there is none (moto's error, which AWS's clients know as
            ResourceNotFoundException).
        """
        account, region = self._account, self._region
        if name_or_arn.startswith("arn:"):
            _, _, _, region, account, *_ = name_or_arn.split(":")
        return get_backend(account, region).get_function(name_or_arn, qualifier)

    def invoke(self, function: Any, payload: bytes, client_context: str | None = None) -> Invocation:
        """Run moto's ``function`` on ``payload`` and wait. What goes wrong in the handler is in the result.

        Raises:
            Throttled: its reserved concurrency is zero.
            NotRunnable: localaws cannot run it.
        """
        if function.reserved_concurrency is not None and int(function.reserved_concurrency) == 0:
            raise Throttled(function.function_name)
        pool = self._pool(Function.of(function, self._folders))
        invocation = pool.invoke(payload or b"{}", client_context)
        if len(invocation.payload) > RESPONSE_LIMIT:
            invocation = Invocation(
                _error(
                    "Function.ResponseSizeTooLarge",
                    f"Response payload size exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes).",
                ),
                "Unhandled",
                invocation.log,
                invocation.request_id,
                invocation.log_stream,
            )
        self._keep_log(function, invocation)
        return invocation

    def invoke_later(self, name_or_arn: str, payload: bytes) -> None:
        """Run a function asynchronously: up to two retries, then its failure destination."""
        what = {"function": name_or_arn, "payload": payload.decode()}
        self._deliveries.submit(Delivery("invocation", f"asynchronous invocation of {name_or_arn}", what))

    def _end_idle(self) -> None:
        while not self._stopped.wait(self._idle_seconds / 6):
            with self._lock:
                pools = list(self._pools.values())
            for pool in pools:
                pool.end_idle(self._idle_seconds)

    def close(self) -> None:
        """End every worker process and start no more."""
        self._stopped.set()
        with self._lock:
            self._closed = True
            pools = list(self._pools.values())
            self._pools.clear()
        for pool in pools:
            pool.close()
        self._fork_servers.close()
        self._remove_temporary()

    def _remove_temporary(self) -> None:
        shutil.rmtree(self._temporary, ignore_errors=True)

    def _deliver(self, delivery: Delivery) -> None:
        name, payload = delivery.what["function"], delivery.what["payload"].encode()
        try:
            function = self.find(name)
        except UnknownFunctionException:
            log.error("%s: there is no such function", delivery.about)  # noqa: TRY400
            return
        settings = function.event_invoke_config[-1].config if function.event_invoke_config else {}
        retries = int(settings.get("MaximumRetryAttempts", len(_RETRY_SECONDS)))
        try:
            invocation = self.invoke(function, payload)
        except (NotRunnable, Throttled) as error:
            invocation = Invocation(_error(type(error).__name__, str(error)), "Unhandled", "")
        if self._closed:
            raise Interrupted
        if invocation.error is not None:
            if delivery.attempt <= retries:
                raise Later(_RETRY_SECONDS[delivery.attempt - 1])
            log.error("%s failed: %s: %s", delivery.about, invocation.error_type, invocation.error_message)
        send_to_destination(
            function,
            payload,
            invocation,
            delivery.attempt,
            self.invoke_later,
            lambda arn: self._may_send(function, arn),
        )

    def _pool(self, function: Function) -> Pool:
        with self._lock:
            if self._closed:
                raise NotRunnable("localaws is stopping")
            pool = self._pools.get(function.arn)
            if pool is not None and pool.function == function:
                return pool
            if pool is not None:
                pool.retire()
            credentials = self._guard.keys.issue(function.role, function.name)
            common = (self._endpoint, self._client, credentials, self._fork_servers, self._temporary)
            pool = Pool(function, self._size, *common)
            self._pools[function.arn] = pool
            return pool

    def _keep_log(self, function: Any, invocation: Invocation) -> None:
        logs, group, stream = function.logs_backend, log_group(function), invocation.log_stream
        now = int(unix_time_millis())
        events = [{"timestamp": now, "message": line} for line in invocation.log.splitlines()]
        with self._lock:
            if self._closed or not self._may_log(function, group, stream):
                return
            logs.ensure_log_group(group)
            with suppress(Exception):  # the worker's stream exists already
                logs.create_log_stream(group, stream)
            logs.put_log_events(group, stream, events)

    def _may_send(self, function: Any, arn: str) -> bool:
        action = SENDING.get(arn.split(":")[2])
        session = self._guard.session(function.role, function.function_name)
        problem = self._guard.problem(session, Access(action, arn)) if action else None
        if problem:
            log.error("nothing is sent to %s: %s", arn, problem)
        return problem is None

    def _may_log(self, function: Any, group: str, stream: str) -> bool:
        """Whether the function's role lets Lambda write its log; without, there is none, as on AWS."""
        session = self._guard.session(function.role, function.function_name)
        place = function.region, function.account_id, group
        wanted = [
            ("logs:CreateLogStream", log_stream_arn(*place, stream)),
            ("logs:PutLogEvents", log_stream_arn(*place, stream)),
        ]
        if group not in function.logs_backend.groups:
            wanted.insert(0, ("logs:CreateLogGroup", log_stream_arn(*place)))
        for action, arn in wanted:
            if problem := self._guard.problem(session, Access(action, arn)):
                log.warning("%s writes no log: %s", function.function_name, problem)
                return False
        return True


def _error(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()
