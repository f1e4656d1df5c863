"""``stepcast pull prometheus``: metrics as series."""

from typing import TYPE_CHECKING, Annotated

import typer

from stepcast.cli.options import Json
from stepcast.cli.output import plural, print_json, print_line, stderr
from stepcast.cli.places import place
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
    from stepcast.connect.prometheus.source import Pulled

__all__ = ["prometheus"]


def prometheus(
    url: Annotated[str, typer.Option(metavar="URL", help="The server: http://prometheus:9090.")],
    query: Annotated[
        str, typer.Option(metavar="PROMQL", help="What to pull; each series it returns is an item.")
    ],
    step: Annotated[str, typer.Option(metavar="SPAN", help="Time between values: 5min, 1h, D.")],
    to: Annotated[
        str,
        typer.Option(
            metavar="FILE", help="A file or s3://BUCKET/train/NAME, ending in .csv, .csv.gz or .parquet."
        ),
    ],
    since: Annotated[
        str,
        typer.Option(
            metavar="MOMENT",
            help="A duration before now, a time (UTC), or last: append what is newer than the last row.",
        ),
    ] = "30d",
    until: Annotated[
        str, typer.Option(metavar="MOMENT", help="A duration before now, or a time (UTC): the end.")
    ] = "now",
    history: Annotated[
        str, typer.Option(metavar="MOMENT", help="Where --since last starts if there is no file.")
    ] = "30d",
    dimension: Annotated[
        list[str] | None,
        typer.Option(metavar="LABEL", help="A label to write as a column; repeatable."),
    ] = None,
    metadata: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Also write the labels, as item metadata: s3://BUCKET/metadata/NAME.csv."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    user: User = None,
    password_file: PasswordFile = None,
    token_file: TokenFile = None,
    header: Headers = None,
    ca: Trusted = None,
    cert: Certificate = None,
    key: CertificateKey = None,
    as_json: Json = False,
) -> None:
    """Write the series of a PromQL expression to a file, or append what is new.

    Works with Prometheus and servers with the same API: Thanos, Mimir, VictoriaMetrics. Times are UTC, on
    round multiples of the step.
    """
    from stepcast.connect.prometheus.client import Client
    from stepcast.connect.prometheus.source import Wish, pull

    connection = reached(url, user, password_file, token_file, header, ca, cert, key)
    beside = place(metadata, "--metadata") if metadata is not None else None
    wish = Wish(query, step, since, until, history, dimension or (), beside, force)
    pulled = pull(Client(connection), wish, place(to, "--to"))
    for warning in pulled.warnings:
        stderr().print(f"warning: {warning}", markup=False)
    if as_json:
        print_json({**vars(pulled), "first": _iso(pulled.first), "last": _iso(pulled.last)})
    else:
        print_line(_summary(pulled))


def _summary(pulled: "Pulled") -> str:
    if not pulled.rows:
        return f"{pulled.file}: nothing new"
    missing = ", ".join(f"{count:,} {name}" for name, count in pulled.missing.items())
    return (
        f"{pulled.file}: {plural(pulled.rows, 'row')} of {pulled.series:,} series, "
        f"{_iso(pulled.first)} to {_iso(pulled.last)} UTC{f'; missing: {missing}' if missing else ''}"
    )


def _iso(moment: int | None) -> str | None:
    from datetime import UTC, datetime

    return None if moment is None else f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S}"
