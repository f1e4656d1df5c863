"""How to reach a Prometheus server: URL, credentials, TLS. Secrets are never printed."""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from stepcast.connect.errors import ConnectorError

__all__ = ["Connection", "connection"]

HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*)")


@dataclass(frozen=True)
class Connection:
    """``url`` is the prefix of all API paths: no credentials, no query, no trailing slash."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    ca: str | None = None  # a file of CA certificates, instead of the system's
    certificate: str | None = None  # the client's
    key: str | None = None


def connection(
    url: str,
    *,
    user: str | None = None,
    password: str | None = None,
    token: str | None = None,
    headers: Sequence[str] = (),
    ca: Path | None = None,
    certificate: Path | None = None,
    key: Path | None = None,
) -> Connection:
    """Build a Connection.

    User and password may be part of the URL. ``headers`` are lines such as ``X-Scope-OrgID: tenant``.

    Raises:
        ConnectorError: an argument is invalid or contradicts another. The message contains no secret.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ConnectorError("the URL is invalid: write it as in http://prometheus:9090") from None
    if parts.scheme not in ("http", "https") or not host:
        raise ConnectorError(
            "the URL does not begin with http:// or https://: write it as in http://prometheus:9090"
        )
    if parts.query or parts.fragment:
        raise ConnectorError("the URL has a ? or #: write only the part before /api/v1")
    user = user or (unquote(parts.username) if parts.username else None)
    password = password or (unquote(parts.password) if parts.password else None)
    if user is not None and token is not None:
        raise ConnectorError("both a user and a token are given: give one")
    if user is None and password is not None:
        raise ConnectorError("a password is given without --user")
    if (certificate is None) != (key is None):
        raise ConnectorError("--cert and --key belong together: give both")
    sent = dict(map(_header, headers))
    if token is not None:
        sent["Authorization"] = f"Bearer {_line(token)}"
    elif user is not None:
        pair = f"{user}:{password or ''}".encode()
        sent["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    address = f"[{host}]" if ":" in host else host
    place = address if port is None else f"{address}:{port}"
    path = re.sub(r"/(api/v1(/(query|query_range|write|push))?/?)?$", "", parts.path)
    return Connection(
        urlunsplit((parts.scheme, place, path, "", "")),
        sent,
        *(str(file) if file is not None else None for file in (ca, certificate, key)),
    )


def _header(line: str) -> tuple[str, str]:
    found = HEADER.fullmatch(line.strip())
    if found is None:
        raise ConnectorError("a header must be written NAME: VALUE")
    return found[1], found[2].strip()


def _line(secret: str) -> str:
    if re.search(r"[\s\0]", secret.strip()):
        raise ConnectorError("the token contains spaces or line breaks: it must be one word")
    return secret.strip()
