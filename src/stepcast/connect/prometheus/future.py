"""Forecasts written with their own times into a store that keeps the future, and read back.

Prometheus is no such store: one sample of two hours ahead makes a 2.42 refuse every scrape from then on, and
newer ones refuse what is more than ten minutes ahead.
"""

from collections.abc import Iterator

from stepcast.connect.errors import ConnectorError
from stepcast.connect.prometheus.client import Client
from stepcast.connect.prometheus.expressions import quoted
from stepcast.connect.prometheus.remote_write import Samples, write
from stepcast.connect.prometheus.vintage import Vintage, quantile_of

__all__ = ["METRIC", "write_forecast"]

METRIC = "stepcast_forecast_at"


def write_forecast(client: Client, vintage: Vintage, path: str, *, vouched: bool) -> int:
    """Write the vintage, wait until it can be read, compare; the number of samples.

    ``vouched`` says that somebody knows the store to keep the future. ConnectorError where it is a
    Prometheus, is not known to keep it, or does not give back what was written.
    """
    _refuse_prometheus(client)
    if not vouched and not _is_victoria_metrics(client):
        raise ConnectorError(
            f"{client.connection.url} is not known to keep samples of the future, and some stores break of "
            "them: use the exporter, or vouch for the store with --keeps-future"
        )
    series = list(_samples(vintage))
    write(client, series, path)
    _compare(client, vintage, series)
    return sum(len(one.points) for one in series)


def _refuse_prometheus(client: Client) -> None:
    status, body = client.request("GET", "/api/v1/status/runtimeinfo")
    if status == 200 and b"storageRetention" in body:
        raise ConnectorError(
            f"{client.connection.url} is a Prometheus: a sample of the future stops it from taking any "
            "other. Let it scrape `stepcast export prometheus` instead"
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
    """A store answers 204 and may drop what is too far ahead."""
    chosen = f"{METRIC}{{vintage={quoted(vintage.manifest.vintage)}}}"
    first, last, step = int(vintage.moments[0]), int(vintage.moments[-1]), int(vintage.period)
    read: dict[tuple[tuple[str, str], ...], dict[float, float]] = {}
    for page in client.pages(f"last_over_time({chosen}[{step * 1000 - 1}ms])", first, last, step):
        for entry in page:
            labels = tuple(sorted({**entry["metric"], "__name__": METRIC}.items()))
            read.setdefault(labels, {}).update((float(when), float(value)) for when, value in entry["values"])
    written = {
        (tuple(sorted(one.labels.items())), moment): value for one in series for moment, value in one.points
    }
    lost = sorted(
        moment for (labels, moment), value in written.items() if read.get(labels, {}).get(moment) != value
    )
    if lost:
        ahead = (lost[0] - vintage.made) / 3600
        raise ConnectorError(
            f"{client.connection.url} took the samples and keeps {len(written) - len(lost):,} of "
            f"{len(written):,}: the first that it lost is {ahead:.0f} h after the forecast was made. "
            "VictoriaMetrics keeps two days of the future, newer ones what -futureRetention says"
        )
