"""Write forecasts with their own timestamps to a store that keeps future samples, and read them back.

Prometheus does not: after one sample two hours ahead, version 2.42 rejects every scrape, and newer versions
reject samples more than ten minutes ahead.
"""

import math
import time
from collections.abc import Iterator, Mapping

from stepcast.connect.errors import ConnectorError
from stepcast.connect.prometheus.client import Client
from stepcast.connect.prometheus.expressions import quoted
from stepcast.connect.prometheus.remote_write import Samples, write
from stepcast.connect.prometheus.vintage import Vintage, quantile_of

__all__ = ["METRIC", "write_forecast"]

METRIC = "stepcast_forecast_at"
SHOWN_WITHIN, PAUSE = 15, 0.5  # seconds
PRECISION = 1e-9

Labels = tuple[tuple[str, str], ...]


def write_forecast(client: Client, vintage: Vintage, path: str, *, vouched: bool) -> int:
    """Write the vintage, wait until it can be read back, compare, and return the number of samples.

    ``vouched`` means that the user confirms that the store keeps future samples.

    Raises:
        ConnectorError: the server is Prometheus, may not keep future samples, or lost some of them.
    """
    _refuse_prometheus(client)
    if not vouched and not _is_victoria_metrics(client):
        raise ConnectorError(
            f"{client.connection.url} is not known to store samples with future times, and some servers "
            "break on them: use the exporter, or confirm with --keeps-future that it keeps them"
        )
    series = list(_samples(vintage))
    write(client, series, path)
    _compare(client, vintage, series)
    return sum(len(one.points) for one in series)


def _refuse_prometheus(client: Client) -> None:
    status, body = client.request("GET", "/api/v1/status/runtimeinfo")
    if status == 200 and b"storageRetention" in body:
        raise ConnectorError(
            f"{client.connection.url} is a Prometheus server: one sample with a future time makes it reject "
            "all others. Let it scrape `stepcast export prometheus` instead"
        )


def _is_victoria_metrics(client: Client) -> bool:
    status, body = client.request("GET", "/metrics")
    return status == 200 and (body.startswith(b"vm_") or b"\nvm_" in body)


def _samples(vintage: Vintage) -> Iterator[Samples]:
    for one in vintage.series:
        for output, values in one.outputs.items():
            labels = {
                **one.labels,
                "__name__": METRIC,
                "quantile": quantile_of(output),
                "vintage": vintage.manifest.vintage,
            }
            yield Samples(labels, list(zip(vintage.moments, values, strict=True)))


def _compare(client: Client, vintage: Vintage, series: list[Samples]) -> None:
    """Raise ConnectorError if the store lost samples.

    A store may answer 204 and drop what is too far ahead; what it keeps becomes readable after some seconds.
    """
    count = sum(len(one.points) for one in series)
    deadline = time.monotonic() + SHOWN_WITHIN
    while lost := list(_lost(series, _read(client, vintage))):
        if time.monotonic() > deadline:
            ahead = (min(lost) - vintage.made) / 3600
            raise ConnectorError(
                f"{client.connection.url} accepted {count:,} samples and returns {count - len(lost):,}: the "
                f"first missing one is {ahead:.0f} h after the forecast was made. VictoriaMetrics keeps "
                "two days of the future, newer versions what -futureRetention sets"
            )
        time.sleep(PAUSE)  # new samples become readable after a few seconds


def _read(client: Client, vintage: Vintage) -> dict[Labels, dict[float, float]]:
    """Values by labels and moment, none carried over from an earlier moment."""
    chosen = f"{METRIC}{{vintage={quoted(vintage.manifest.vintage)}}}"
    first, last, step = int(vintage.moments[0]), int(vintage.moments[-1]), int(vintage.period)
    found: dict[Labels, dict[float, float]] = {}
    for page in client.pages(f"last_over_time({chosen}[{step * 1000 - 1}ms])", first, last, step):
        for entry in page:
            values = found.setdefault(_labels({**entry["metric"], "__name__": METRIC}), {})
            values |= {float(when): float(value) for when, value in entry["values"]}
    return found


def _lost(written: list[Samples], read: dict[Labels, dict[float, float]]) -> Iterator[float]:
    """Moments whose value is missing or different; VictoriaMetrics keeps about twelve digits."""
    for one in written:
        values = read.get(_labels(one.labels), {})
        near = PRECISION * max(abs(value) for _, value in one.points)
        yield from (when for when, value in one.points if not abs(values.get(when, math.nan) - value) <= near)


def _labels(given: Mapping[str, str]) -> Labels:
    """Labels in order, without empty ones, which mean that there is no such label."""
    return tuple(sorted((name, value) for name, value in given.items() if value))
