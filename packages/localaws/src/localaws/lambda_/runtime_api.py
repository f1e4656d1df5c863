"""The Runtime API of one worker process, on its own port of 127.0.0.1.

Source: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import queue
import socket
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

__all__ = ["Event", "Report", "RuntimeApi"]

_API = "/2018-06-01/runtime"


@dataclass(frozen=True, slots=True)
class Event:
    """An invocation on its way to the handler. ``deadline`` is in milliseconds since 1970."""

    request_id: str
    payload: bytes
    deadline: int
    function_arn: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """What a worker reported, or how it ended.

    ``ready``: it asked for its first event; ``response`` and ``error``: it handled one; ``init_error``: the
    handler could not be loaded; ``exit``: the process has ended, ``body`` is how.
    """

    kind: Literal["ready", "response", "error", "init_error", "exit"]
    body: bytes = b""


class RuntimeApi:
    """Hands events to the worker, one at a time, and collects its reports."""

    def __init__(self) -> None:
        self.reports: queue.Queue[Report] = queue.Queue()
        self._events: queue.Queue[Event | None] = queue.Queue()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.api = self
        self._asked = False
        self.request_id = ""  # of the event that the worker has
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 30},  # closing wakes it up
            name=f"localaws runtime api {self.address}",
            daemon=True,
        ).start()

    def send(self, event: Event) -> None:
        """Give the worker its next event."""
        self._events.put(event)

    def close(self) -> None:
        """End every connection; the worker, if it lives, finds its Runtime API gone."""
        self._events.put(None)
        self._server.closing()

    def next_event(self) -> Event | None:
        if not self._asked:
            self._asked = True
            self.reports.put(Report("ready"))
        event = self._events.get()
        self.request_id = event.request_id if event else ""
        return event


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    api: RuntimeApi

    def closing(self) -> None:
        # shutdown waits for the poll interval unless a connection wakes the server up.
        threading.Thread(target=self._shut, daemon=True).start()

    def _shut(self) -> None:
        stopper = threading.Thread(target=self.shutdown, daemon=True)
        stopper.start()
        while stopper.is_alive():
            try:
                socket.create_connection(self.server_address[:2], timeout=1).close()  # type: ignore[arg-type]
            except OSError:
                break
            stopper.join(0.05)
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A worker that is killed leaves its connection open: nothing to log."""


class _Handler(BaseHTTPRequestHandler):
    """A web page that finds the port must neither take an event nor answer one: its headers give it away."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    server: _Server

    def do_GET(self) -> None:
        if not self._is_of_the_worker() or self.path != f"{_API}/invocation/next":
            self._answer(404)
            return
        event = self.server.api.next_event()
        if event is None:
            self.close_connection = True
            return
        trace = event.request_id.replace("-", "")[:24]
        self._answer(
            200,
            event.payload,
            {
                "Lambda-Runtime-Aws-Request-Id": event.request_id,
                "Lambda-Runtime-Deadline-Ms": str(event.deadline),
                "Lambda-Runtime-Invoked-Function-Arn": event.function_arn,
                "Lambda-Runtime-Trace-Id": f"Root=1-00000000-{trace};Sampled=0",
                "Content-Type": "application/json",
                **event.headers,
            },
        )

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        api = self.server.api
        kinds: dict[str, Literal["response", "error", "init_error"]] = {
            f"{_API}/init/error": "init_error",
            f"{_API}/invocation/{api.request_id}/response": "response",
            f"{_API}/invocation/{api.request_id}/error": "error",
        }
        kind = kinds.get(self.path)
        if kind is None or not self._is_of_the_worker():
            self._answer(404)
            return
        self._answer(202, b'{"status":"OK"}')
        api.reports.put(Report(kind, body))

    def _is_of_the_worker(self) -> bool:
        headers = self.headers
        return headers.get("Host") == self.server.api.address and not (
            "Origin" in headers or "Sec-Fetch-Site" in headers or "Referer" in headers
        )

    def _answer(self, code: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(code)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the worker's log is the function's."""
