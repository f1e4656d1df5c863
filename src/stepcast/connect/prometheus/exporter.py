"""An HTTP server with the current forecast as metrics for Prometheus to scrape."""

import time
from collections.abc import Callable, Sequence
from http.server import ThreadingHTTPServer
from threading import Lock
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from stepcast.connect.errors import ConnectorError
from stepcast.connect.hosts import Hosts
from stepcast.connect.metrics_server import serve_metrics
from stepcast.connect.prometheus.exposition import exposition, series_count
from stepcast.connect.prometheus.vintage import Vintage, current_vintage

__all__ = ["Exporter", "serve"]

LOOKS_AGAIN_AFTER = 15  # seconds between checks for a newer vintage; each vintage is read once
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
    hosts = Hosts(host, names, "use its address, or start it with --allow-host")
    return serve_metrics(exporter.page, hosts, host, port, "--port")
