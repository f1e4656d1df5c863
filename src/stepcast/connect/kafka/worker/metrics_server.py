"""A server of ``/metrics`` on loopback."""

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import Any

from stepcast.connect.errors import ConnectorError

__all__ = ["serve_metrics"]

TYPE = "text/plain; version=0.0.4; charset=utf-8"


def serve_metrics(page: Callable[[], str], host: str, port: int) -> ThreadingHTTPServer:
    """A listening server, to be run by ``serve_forever``. ConnectorError if the port is in use.

    The Host of a request must be an address, localhost or ``host``, so that a web page whose name resolves to
    this machine (DNS rebinding) is refused.
    """

    class Handler(BaseHTTPRequestHandler):
        server_version = "stepcast"
        timeout = 60

        def do_GET(self) -> None:
            if not _is_own(self.headers.get("Host", ""), host):
                self._answer(403, "use this server's address, or localhost\n")
            elif self.path.partition("?")[0] == "/metrics":
                self._answer(200, page(), TYPE)
            else:
                self._answer(404, "metrics are at /metrics\n")

        def _answer(self, status: int, text: str, kind: str = "text/plain; charset=utf-8") -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Scrapes are not logged."""

    try:
        return ThreadingHTTPServer((host, port), Handler)
    except OSError as error:
        raise ConnectorError(
            f"{host}:{port} cannot be used: {error.strerror}; choose another --metrics-port"
        ) from None


def _is_own(given: str, host: str) -> bool:
    name = given.rsplit(":", 1)[0] if not given.endswith("]") else given
    name = name.strip("[]").lower()
    if name in ("localhost", host.lower()):
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
