"""A client of schema registries with Confluent's HTTP API, such as Karapace and Apicurio.

Source: https://docs.confluent.io/platform/current/schema-registry/develop/api.html
"""

import base64
import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote, urlsplit, urlunsplit

import urllib3
from urllib3.exceptions import HTTPError

from stepcast.connect.errors import ConnectorError
from stepcast.connect.kafka.observations import Unreadable

__all__ = ["Framed", "Registry", "framed", "remembered"]

T = TypeVar("T")

SETTINGS = (
    "url",
    "basic.auth.user.info",
    "bearer.auth.token",
    "ssl.ca.location",
    "ssl.certificate.location",
    "ssl.key.location",
)
MOST = 1000  # schemas kept in memory
MAGIC, HEAD = 0, 5  # one byte, then four for the id


class Framed(NamedTuple):
    """A value as Confluent's serializers write it: the schema id, then the content."""

    schema: int
    content: bytes


def remembered(ask: Callable[[int], T]) -> Callable[[int], T]:
    """Ask once for each id, even if it is unknown: a topic may be full of messages with that id."""

    @lru_cache(MOST)
    def answer(number: int) -> T | Unreadable:
        try:
            return ask(number)
        except Unreadable as error:
            return error

    def given(number: int) -> T:
        found = answer(number)
        if isinstance(found, Unreadable):
            raise Unreadable(*found.args)
        return found

    return given


def framed(value: bytes) -> Framed:
    if len(value) < HEAD or value[0] != MAGIC:
        raise Unreadable("it does not begin with a schema id, as values written with a registry do")
    return Framed(int.from_bytes(value[1:HEAD], "big"), value[HEAD:])


class Registry:
    """Schemas by id. A registered schema never changes."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        if unknown := sorted(set(settings) - set(SETTINGS)):
            raise ConnectorError(
                f"schema.registry.{unknown[0]} is unknown: use one of "
                f"{', '.join(f'schema.registry.{name}' for name in SETTINGS)}"
            )
        if not (url := settings.get("url", "")):
            raise ConnectorError("no schema registry is named: give schema.registry.url with --config")
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConnectorError("schema.registry.url does not begin with http:// or https://")
        user = settings.get("basic.auth.user.info")
        if parts.username or parts.password:
            raise ConnectorError(
                "schema.registry.url has credentials in it: give basic.auth.user.info instead"
            )
        self.url = urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))
        self._headers = {"Accept": "application/vnd.schemaregistry.v1+json"}
        if user is not None:
            self._headers["Authorization"] = f"Basic {base64.b64encode(user.encode()).decode()}"
        elif token := settings.get("bearer.auth.token"):
            self._headers["Authorization"] = f"Bearer {token}"
        self._pool = urllib3.PoolManager(
            retries=urllib3.Retry(
                total=3, redirect=0, backoff_factor=0.5, status_forcelist=(429, 502, 503, 504)
            ),
            timeout=urllib3.Timeout(connect=10, read=30),
            ca_certs=settings.get("ssl.ca.location"),
            cert_file=settings.get("ssl.certificate.location"),
            key_file=settings.get("ssl.key.location"),
        )

    def schema(self, number: int, **query: str) -> dict[str, Any]:
        """The registry's answer for an id: ``schema``, ``schemaType``, ``references``."""
        return self._get(f"/schemas/ids/{number}", query, f"schema {number}")

    def version(self, subject: str, version: int, **query: str) -> dict[str, Any]:
        """The same for a version of a subject, to which references point."""
        return self._get(
            f"/subjects/{quote(subject, safe='')}/versions/{version}", query, f"{subject} version {version}"
        )

    def _get(self, path: str, query: Mapping[str, str], what: str) -> dict[str, Any]:
        try:
            answer = self._pool.request("GET", self.url + path, fields=dict(query), headers=self._headers)
        except (HTTPError, OSError) as error:
            raise ConnectorError(f"the schema registry at {self.url} does not answer: {error}") from None
        except ValueError:  # its text may be the header, which is secret
            raise ConnectorError(
                "schema.registry.bearer.auth.token cannot be sent in a header: it has a line break or a "
                "character that is not Latin-1"
            ) from None
        try:
            body = json.loads(answer.data)
        except ValueError:
            raise ConnectorError(
                f"{self.url} is not a schema registry: it answers {answer.status} without JSON"
            ) from None
        if answer.status in (401, 403):
            raise ConnectorError(
                f"the schema registry at {self.url} refuses this client ({answer.status}): set "
                "schema.registry.basic.auth.user.info in --config-file"
            )
        if answer.status == 404:
            raise Unreadable(f"the schema registry has no {what}")
        if answer.status != 200 or not isinstance(body, dict):
            raise ConnectorError(f"the schema registry at {self.url} answers {answer.status} for {what}")
        if not isinstance(body.get("schema"), str):
            raise ConnectorError(f"{self.url} is not a schema registry: its answer for {what} has none")
        return body
