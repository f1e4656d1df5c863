"""The options for reaching a Prometheus server, shared by pull and export.

Secrets come from files or the environment, never from an option: every process can read a command line.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from stepcast.connect.prometheus.connection import Connection

__all__ = [
    "Certificate",
    "CertificateKey",
    "Headers",
    "PasswordFile",
    "TokenFile",
    "Trusted",
    "User",
    "reached",
]

TOKEN, PASSWORD = "STEPCAST_PROMETHEUS_TOKEN", "STEPCAST_PROMETHEUS_PASSWORD"

User = Annotated[str | None, typer.Option(metavar="NAME", help="User for basic authentication.")]
PasswordFile = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, metavar="FILE", help=f"The user's password; or {PASSWORD}."),
]
TokenFile = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, metavar="FILE", help=f"A bearer token; or {TOKEN}."),
]
Headers = Annotated[
    list[str] | None,
    typer.Option(
        "--header",
        metavar="NAME: VALUE",
        help="Sent with each request: 'X-Scope-OrgID: tenant'; @FILE reads one per line. Repeatable.",
    ),
]
Trusted = Annotated[
    Path | None,
    typer.Option("--ca", exists=True, metavar="FILE", help="Certificates to trust instead of the system's."),
]
Certificate = Annotated[
    Path | None, typer.Option("--cert", exists=True, metavar="FILE", help="A client certificate.")
]
CertificateKey = Annotated[
    Path | None, typer.Option("--key", exists=True, metavar="FILE", help="Its private key.")
]


def reached(
    url: str,
    user: str | None,
    password: Path | None,
    token: Path | None,
    headers: list[str] | None,
    ca: Path | None,
    certificate: Path | None,
    key: Path | None,
) -> "Connection":
    """The connection given by the options and the environment."""
    from stepcast.connect.prometheus.connection import connection

    secret = _secret(password, PASSWORD) if user is not None or password is not None else None
    return connection(
        url,
        user=user,
        password=secret,
        token=_secret(token, TOKEN) if user is None and "@" not in url else _secret(token, ""),
        headers=[line for header in headers or () for line in _lines(header)],
        ca=ca,
        certificate=certificate,
        key=key,
    )


def _secret(file: Path | None, variable: str) -> str | None:
    if file is not None:
        return file.read_text("utf-8").strip()
    return os.environ.get(variable) or None


def _lines(header: str) -> list[str]:
    if not header.startswith("@"):
        return [header]
    try:
        text = Path(header[1:]).read_text("utf-8")
    except OSError as error:
        raise typer.BadParameter(
            f"{header[1:]} cannot be read: {error.strerror}", param_hint="--header"
        ) from None
    return [line for line in text.splitlines() if line.strip()]
