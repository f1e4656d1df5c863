"""``stepcast export prometheus``: the current forecast for Prometheus to scrape and to alert on."""

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stepcast.cli.options import Endpoint
from stepcast.cli.output import plural, print_line
from stepcast.cli.prometheus_options import (
    Certificate,
    CertificateKey,
    Headers,
    PasswordFile,
    TokenFile,
    Trusted,
    User,
    reached,
)

if TYPE_CHECKING:
    from stepcast.connect.prometheus.exporter import Exporter
    from stepcast.connect.prometheus.vintage import Vintage

__all__ = ["prometheus"]

MOST_SERIES = 50_000


def prometheus(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port to listen on; 0 picks a free one.")
    ] = 9811,
    host: Annotated[
        str, typer.Option(help="The address to listen on; all who can reach it may read.")
    ] = "127.0.0.1",
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Answer to this name too, not only to the address; repeatable."),
    ] = None,
    leads: Annotated[
        str, typer.Option(metavar="SPANS", help="How far ahead of the scrape, comma-separated.")
    ] = "0s,1h,24h",
    most_series: Annotated[int, typer.Option(min=1, help="Serve at most this many series.")] = MOST_SERIES,
    rules: Annotated[bool, typer.Option("--rules", help="Print alerting rules instead.")] = False,
    dashboard: Annotated[
        bool, typer.Option("--dashboard", help="Print a Grafana dashboard instead.")
    ] = False,
    query: Annotated[
        str | None, typer.Option(metavar="PROMQL", help="The pulled expression, for --rules and --dashboard.")
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(help="With --rules: alert if the forecast exceeds this.")
    ] = None,
    lasting: Annotated[
        str, typer.Option("--for", metavar="SPAN", help="With --rules: how long a condition must hold.")
    ] = "0s",
    remote_write: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="Write to a store that keeps future samples instead, and read them back."
        ),
    ] = None,
    write_path: Annotated[
        str, typer.Option(metavar="PATH", help="With --remote-write: the path to write to, after the URL.")
    ] = "/api/v1/write",
    keeps_future: Annotated[
        bool,
        typer.Option("--keeps-future", help="With --remote-write: confirm that an unknown store keeps them."),
    ] = False,
    bucket: Annotated[
        str | None, typer.Option(metavar="NAME", help="Bucket of the forecast; default: the running stack's.")
    ] = None,
    user: User = None,
    password_file: PasswordFile = None,
    token_file: TokenFile = None,
    header: Headers = None,
    ca: Trusted = None,
    cert: Certificate = None,
    key: CertificateKey = None,
    endpoint: Endpoint = None,
) -> None:
    """Serve the current forecast at /metrics until Ctrl-C: for now, for an hour ahead, for a day ahead.

    Samples get the time of the scrape, and the lead as a label: Prometheus can compare them, and cannot store
    future times. The series end with the forecast.
    """
    if sum((rules, dashboard, remote_write is not None)) > 1:
        raise typer.BadParameter("--rules, --dashboard and --remote-write exclude each other: choose one")
    if rules and query is None:
        raise typer.BadParameter(
            "--rules compares the forecast with the pulled expression: give it with --query"
        )
    from stepcast.connect.prometheus.durations import seconds

    ahead = [lead.strip() for lead in leads.split(",")]
    for lead in ahead:
        seconds(lead)
    s3, name = _source(bucket, endpoint)
    if remote_write is not None:
        from stepcast.connect.prometheus.client import Client
        from stepcast.connect.prometheus.future import write_forecast

        client = Client(reached(remote_write, user, password_file, token_file, header, ca, cert, key))
        count = write_forecast(client, _vintage(s3, name), write_path, vouched=keeps_future)
        print_line(f"{plural(count, 'sample')} written to {client.connection.url} and read back")
    elif rules:
        from stepcast.connect.prometheus.rules import Alerts
        from stepcast.connect.prometheus.rules import rules as made

        print_line(made(_vintage(s3, name), ahead, Alerts(str(query), threshold, lasting)).rstrip())
    elif dashboard:
        from stepcast.connect.prometheus.dashboard import dashboard as drawn

        print_line(drawn(_vintage(s3, name), ahead, query))
    else:
        from stepcast.connect.prometheus.exporter import Exporter

        _serve(Exporter(s3, name, ahead, most_series), host, port, allow_host or [])


def _source(bucket: str | None, endpoint: str | None) -> tuple[Any, str]:
    if bucket is not None:
        from stepcast.cli.places import s3_of

        return s3_of(bucket), bucket
    from stepcast.cli.stack import attach

    stack = attach(endpoint)
    return stack.s3, stack.bucket


def _vintage(s3: Any, bucket: str) -> "Vintage":
    from stepcast.cli.failure import Failure
    from stepcast.connect.prometheus.vintage import current_vintage

    vintage = current_vintage(s3, bucket)
    if vintage is None:
        raise Failure(f"s3://{bucket}/ has no forecast yet: see `stepcast status`")
    return vintage


def _serve(exporter: "Exporter", host: str, port: int, names: list[str]) -> None:
    from stepcast.cli.stopping import unwinding
    from stepcast.connect.prometheus.exporter import serve

    exporter.page()  # report problems at once, not at the first scrape
    with serve(exporter, host, port, names) as server, suppress(KeyboardInterrupt, SystemExit), unwinding():
        address = f"[{host}]" if ":" in host else host
        print_line(
            f"ready; scrape http://{address}:{server.server_address[1]}/metrics with honor_labels: true"
        )
        server.serve_forever()
