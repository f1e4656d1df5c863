"""An HTTP server with the current forecast as metrics for Prometheus to scrape."""

import time
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import AF_INET, AF_INET6
from threading import Lock
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from stepcast.connect.errors import ConnectorError
from stepcast.connect.prometheus.exposition import exposition, series_count
from stepcast.connect.prometheus.hosts import Hosts
from stepcast.connect.prometheus.vintage import Vintage, current_vintage

__all__ = ["Exporter", "serve"]

LOOKS_AGAIN_AFTER = 15  # seconds between checks for a newer vintage; each vintage is read once
TYPE = "text/plain; version=0.0.4; charset=utf-8"
REACHED = """\
# HELP stepcast_bucket_reached Whether the bucket with the forecasts answered the last request.
# TYPE stepcast_bucket_reached gauge
stepcast_bucket_reached {}
"""


class Exporter:
    """The metrics page. ``most`` limits the series that the scraping server has to store."""

    def __init__(
        self, s3: Any, bucket: str, leads: Sequence[str], most: int, clock: Callable[[], float] = time.time
    ) -> None:
        self._s3, self._bucket, self._leads, self._most, self._clock = s3, bucket, tuple(leads), most, clock
        self._lock = Lock()
        self._vintage: Vintage | None = None
        self._looked, self._reached = float("-inf"), False

    def page(self) -> str:
        """The metrics now. If the bucket cannot be reached, the forecast that was read last is served."""
        now = self._clock()
        with self._lock:
            if now - self._looked >= LOOKS_AGAIN_AFTER:
                try:
                    self._vintage = self._bounded(current_vintage(self._s3, self._bucket, self._vintage))
                    self._reached = True
                except (BotoCoreError, ClientError):
                    self._reached = False
                self._looked = now
            vintage = self._vintage
        return exposition(vintage, now, self._leads) + REACHED.format(int(self._reached))

    def _bounded(self, vintage: Vintage | None) -> Vintage | None:
        if vintage is not None and (count := series_count(vintage, self._leads)) > self._most:
            raise ConnectorError(
                f"the forecast has {count:,} series, all of which the scraping server would store: give "
                f"fewer --leads, or allow as many with --most-series {count}"
            )
        return vintage


def serve(exporter: Exporter, host: str, port: int, names: Sequence[str] = ()) -> ThreadingHTTPServer:
    """Create the server; its ``serve_forever`` answers requests for the names of ``host`` and for ``names``.

    Raises:
        ConnectorError: the port is taken.
    """
    hosts = Hosts(host, names)

    class Server(ThreadingHTTPServer):
        address_family = AF_INET6 if ":" in host else AF_INET

    class Handler(BaseHTTPRequestHandler):
        server_version = "stepcast"
        timeout = 60

        def do_GET(self) -> None:
            if refusal := hosts.refusal(self.headers):
                status, reason = refusal
                self._answer(status, "text/plain; charset=utf-8", f"{reason}\n")
            elif self.path.partition("?")[0] == "/metrics":
                try:
                    self._answer(200, TYPE, exporter.page())
                except ConnectorError as error:
                    self._answer(500, "text/plain; charset=utf-8", f"{error}\n")
            elif self.path == "/":
                self._answer(200, "text/html; charset=utf-8", '<a href="/metrics">metrics</a>\n')
            else:
                self._answer(404, "text/plain; charset=utf-8", "metrics are at /metrics\n")

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
            f"{host}:{port} cannot be used: {error.strerror}; choose another --port"
        ) from None
