"""The workers of one function: warm ones wait for work, and no more run at once than there are processors."""

import json
import logging
import os
import threading
import time
import uuid
from dataclasses import replace
from pathlib import Path

from localaws.iam.access_keys import Credentials
from localaws.lambda_.environment import log_stream_name, worker_environment
from localaws.lambda_.fork_server import ForkServers
from localaws.lambda_.function import Function
from localaws.lambda_.invocation import Invocation
from localaws.lambda_.runtime_api import Event
from localaws.lambda_.worker import Client, Worker

__all__ = ["Pool"]

log = logging.getLogger(__name__)

_MOST_STRETCH = 10.0
_INIT_SECONDS = 120.0  # AWS allows 10 s; a laptop that starts several heavy handlers at once needs longer

_HINT = (
    " (localaws runs handlers with the packages of its own environment: install the missing one there, or "
    "deploy the output of `sam build` in .aws-sam/build, which includes each function's requirements.txt)"
)


class Pool:
    """Runs one function. ``size`` invocations at most run at the same time; the others wait their turn."""

    def __init__(
        self,
        function: Function,
        size: int,
        endpoint: str,
        client: Client,
        credentials: Credentials,
        fork_servers: ForkServers,
        temporary: Path,
    ) -> None:
        self.function = function
        self._fork_servers, self._temporary = fork_servers, temporary
        self._endpoint, self._client, self._credentials = endpoint, client, credentials
        self._turns = threading.BoundedSemaphore(size)
        self._idle: list[tuple[Worker, str, float]] = []  # with the moment since when it has been idle
        self._busy: set[Worker] = set()
        self._lock = threading.Lock()
        self._closed = False

    def invoke(self, payload: bytes, client_context: str | None = None) -> Invocation:
        """Run the handler on ``payload`` (JSON) and wait for what it comes to."""
        with self._turns:
            worker, log_stream, cold = self._acquire()
            try:
                invocation, reusable = self._run(worker, cold, payload, client_context)
                invocation = replace(invocation, log_stream=log_stream)
            except BaseException:
                self._release(worker, log_stream, reusable=False)
                raise
            self._release(worker, log_stream, reusable=reusable)
            return invocation

    def close(self) -> None:
        """End every worker, at once."""
        with self._lock:
            self._closed = True
            workers = [worker for worker, _, _ in self._idle] + list(self._busy)
            self._idle.clear()
        for worker in workers:
            worker.kill()

    def retire(self) -> None:
        """End every worker as soon as it has nothing to do: its code or configuration is out of date."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for worker, _, _ in idle:
            worker.kill()

    def end_idle(self, seconds: float) -> None:
        """End every worker that has had nothing to do for so long."""
        until = time.monotonic() - seconds
        with self._lock:
            ended = [worker for worker, _, since in self._idle if since <= until]
            self._idle = [entry for entry in self._idle if entry[2] > until]
        for worker in ended:
            worker.kill()

    def _acquire(self) -> tuple[Worker, str, bool]:
        while True:
            with self._lock:
                if not self._idle:
                    break
                worker, log_stream, _ = self._idle.pop()  # the one that is idle longest stays so, and ends
                self._busy.add(worker)
            if worker.alive():
                return worker, log_stream, False
            self._release(worker, log_stream, reusable=False)
        function = self.function
        log_stream = log_stream_name(function.version, uuid.uuid4().hex)
        environment = worker_environment(
            name=function.name,
            version=function.version,
            handler=function.handler,
            memory=function.memory,
            region=function.region,
            runtime=function.runtime,
            log_group=function.log_group,
            log_stream=log_stream,
            task_root=function.task_root,
            layers=function.layers,
            temporary=self._temporary,
            endpoint=self._endpoint,
            credentials=self._credentials,
            variables=dict(function.variables),
        )
        server = self._fork_servers.of(function, environment)
        worker = Worker(function.handler, Path(function.task_root), environment, self._client, server)
        with self._lock:
            self._busy.add(worker)
        return worker, log_stream, True

    def _release(self, worker: Worker, log_stream: str, *, reusable: bool) -> None:
        with self._lock:
            self._busy.discard(worker)
            if reusable and not self._closed:
                self._idle.append((worker, log_stream, time.monotonic()))
                return
        worker.kill()

    def _run(
        self, worker: Worker, cold: bool, payload: bytes, client_context: str | None
    ) -> tuple[Invocation, bool]:
        request_id, began = str(uuid.uuid4()), time.perf_counter()
        init = 0.0
        if cold:
            report = worker.await_report(_INIT_SECONDS)
            init = time.perf_counter() - began
            if report is None:
                return self._failed(worker, request_id, init, init, _init_timed_out(request_id)), False
            if report.kind == "init_error":
                return self._failed(worker, request_id, init, init, _with_hint(report.body)), False
            if report.kind == "exit":
                return self._failed(worker, request_id, init, init, _exited(request_id, report.body)), False
        began = time.perf_counter()
        seconds = self.function.timeout
        headers = {"Lambda-Runtime-Client-Context": client_context} if client_context else {}
        deadline = int((time.time() + seconds) * 1000)
        worker.send(Event(request_id, payload, deadline, self.function.arn, headers))
        report = worker.await_report(seconds)
        if report is None and (more := _more_time(seconds)):
            log.warning(
                "%s has not responded within its timeout of %g s; this machine is busy: allowing %.0f s more",
                self.function.name,
                seconds,
                more,
            )
            report = worker.await_report(more)
        took = time.perf_counter() - began
        if report is None:
            return self._failed(worker, request_id, took, init, _timed_out(request_id, seconds)), False
        if report.kind == "exit":
            return self._failed(worker, request_id, took, init, _exited(request_id, report.body)), False
        printed = self._log(worker.take_log(), request_id, took, init)
        return Invocation(
            report.body, "Unhandled" if report.kind == "error" else None, printed, request_id
        ), True

    def _failed(self, worker: Worker, request_id: str, took: float, init: float, error: bytes) -> Invocation:
        worker.kill()
        message = json.loads(error).get("errorMessage", "")
        printed = self._log(worker.take_log(), request_id, took, init, f"{message}\n")
        return Invocation(error, "Unhandled", printed, request_id)

    def _log(self, printed: str, request_id: str, took: float, init: float, last: str = "") -> str:
        if printed and not printed.endswith("\n"):
            printed += "\n"
        duration = took * 1000
        report = (
            f"REPORT RequestId: {request_id}\tDuration: {duration:.2f} ms\t"
            f"Billed Duration: {duration + init * 1000:.0f} ms\tMemory Size: {self.function.memory} MB"
        )
        if init:
            report += f"\tInit Duration: {init * 1000:.2f} ms"
        return (
            f"START RequestId: {request_id} Version: {self.function.version}\n"
            f"{printed}{last}END RequestId: {request_id}\n{report}\n"
        )


def _more_time(seconds: float) -> float:
    """How many seconds beyond its timeout an invocation gets: what the processors had no time for.

    A function on AWS has its share of a processor to itself; here everything shares the machine.
    """
    wanted = os.getloadavg()[0] / (os.cpu_count() or 1)  # processes that want to run, for each processor
    return seconds * (min(wanted, _MOST_STRETCH) - 1) if wanted > 1 else 0.0


def _error(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()


def _timed_out(request_id: str, seconds: float) -> bytes:
    return _error(
        "Sandbox.Timedout", f"RequestId: {request_id} Error: Task timed out after {seconds:.2f} seconds"
    )


def _init_timed_out(request_id: str) -> bytes:
    return _error(
        "Sandbox.Timedout",
        f"RequestId: {request_id} Error: the handler was not imported within {_INIT_SECONDS:.0f} seconds",
    )


def _exited(request_id: str, how: bytes) -> bytes:
    return _error(
        "Runtime.ExitError", f"RequestId: {request_id} Error: Runtime exited with error: {how.decode()}"
    )


def _with_hint(error: bytes) -> bytes:
    reported = json.loads(error)
    if reported.get("errorType") == "Runtime.ImportModuleError":
        reported["errorMessage"] += _HINT
    return json.dumps(reported).encode()
