"""An HTTP server of a page of metrics for Prometheus to scrape."""

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import AF_INET, AF_INET6
from typing import Any

from stepcast.connect.errors import ConnectorError
from stepcast.connect.hosts import Hosts

__all__ = ["serve_metrics"]

METRICS = "text/plain; version=0.0.4; charset=utf-8"
TEXT = "text/plain; charset=utf-8"


def serve_metrics(
    page: Callable[[], str], hosts: Hosts, host: str, port: int, option: str
) -> ThreadingHTTPServer:
    """Create the server; its ``serve_forever`` answers requests that ``hosts`` accepts.

    A ConnectorError of ``page`` is answered with status 500.

    Raises:
        ConnectorError: the port is taken; ``option`` is the one that names another.
    """

    class Server(ThreadingHTTPServer):
        address_family = AF_INET6 if ":" in host else AF_INET

    class Handler(BaseHTTPRequestHandler):
        server_version = "stepcast"
        timeout = 60

        def do_GET(self) -> None:
            if refusal := hosts.refusal(self.headers):
                status, reason = refusal
                self._answer(status, TEXT, f"{reason}\n")
            elif self.path.partition("?")[0] == "/metrics":
                try:
                    self._answer(200, METRICS, page())
                except ConnectorError as error:
                    self._answer(500, TEXT, f"{error}\n")
            elif self.path == "/":
                self._answer(200, "text/html; charset=utf-8", '<a href="/metrics">metrics</a>\n')
            else:
                self._answer(404, TEXT, "metrics are at /metrics\n")

        def _answer(self, status: int, kind: str, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("X-Content-Type-Options", "nosniff")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Do not log scrapes: they come every few seconds."""

    try:
        return Server((host, port), Handler)
    except OSError as error:
        raise ConnectorError(
            f"{host}:{port} cannot be used: {error.strerror}; choose another {option}"
        ) from None
