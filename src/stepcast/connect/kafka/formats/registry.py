"""A client of schema registries with Confluent's HTTP API, such as Karapace and Apicurio.

Source: https://docs.confluent.io/platform/current/schema-registry/develop/api.html
"""

import base64
import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

import urllib3
from urllib3.exceptions import HTTPError

from stepcast.connect.errors import ConnectorError
from stepcast.connect.kafka.errors import NoAnswer
from stepcast.connect.kafka.observations import Unreadable

__all__ = ["Framed", "Registry", "framed", "framing", "remembered"]

T = TypeVar("T")

SETTINGS = (
    "url",
    "basic.auth.user.info",
    "bearer.auth.token",
    "ssl.ca.location",
    "ssl.certificate.location",
    "ssl.key.location",
)
JSON = "application/vnd.schemaregistry.v1+json"
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


def framing(schema: int) -> bytes:
    """What ``framed`` expects before the content."""
    return bytes([MAGIC]) + schema.to_bytes(HEAD - 1, "big")


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
        self._headers = {"Accept": JSON}
        if user is not None:
            self._headers["Authorization"] = f"Basic {base64.b64encode(user.encode()).decode()}"
        elif token := settings.get("bearer.auth.token"):
            self._headers["Authorization"] = f"Bearer {token}"
        self._pool = urllib3.PoolManager(
            retries=urllib3.Retry(
                total=3,
                redirect=0,
                backoff_factor=0.5,
                status_forcelist=(429, 502, 503, 504),
                allowed_methods=None,  # any: to register a schema twice changes nothing
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

    def register(self, subject: str, schema: str) -> int:
        """The id of an Avro schema in a subject; it is added unless the subject has it already.

        ConnectorError if it is incompatible with the subject's other schemas, or this client may not add it.
        """
        path, what = f"/subjects/{quote(subject, safe='')}", f"subject {subject}"
        status, body = self._ask("POST", path, what, {"schema": schema})
        if status == 404:
            status, body = self._ask("POST", f"{path}/versions", what, {"schema": schema})
        if status == 409:
            raise ConnectorError(
                f"the schema registry at {self.url} refuses the schema of the messages: it is not compatible "
                f"with {what}: {body.get('message')}. Write to another topic, or change the subject's "
                "compatibility"
            )
        if status != 200 or not isinstance(body.get("id"), int):
            raise ConnectorError(
                f"the schema registry at {self.url} answers {status} for {what}: {body.get('message')}"
            )
        return int(body["id"])

    def _get(self, path: str, query: Mapping[str, str], what: str) -> dict[str, Any]:
        status, body = self._ask("GET", f"{path}?{urlencode(query)}" if query else path, what)
        if status == 404:
            raise Unreadable(f"the schema registry has no {what}")
        if status != 200:
            raise ConnectorError(f"the schema registry at {self.url} answers {status} for {what}")
        if not isinstance(body.get("schema"), str):
            raise ConnectorError(f"{self.url} is not a schema registry: its answer for {what} has none")
        return body

    def _ask(
        self, method: str, path: str, what: str, sent: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """The status of an answer, and its JSON object."""
        headers = self._headers if sent is None else {**self._headers, "Content-Type": JSON}
        content = None if sent is None else json.dumps(sent).encode()
        try:
            answer = self._pool.request(method, self.url + path, body=content, headers=headers)
        except (HTTPError, OSError) as error:
            raise NoAnswer(f"the schema registry at {self.url} does not answer: {error}") from None
        except ValueError:  # its text may be the header, which is secret
            raise ConnectorError(
                "schema.registry.bearer.auth.token cannot be sent in a header: it has a line break or a "
                "character that is not Latin-1"
            ) from None
        try:
            body = json.loads(answer.data)
        except ValueError:
            body = None
        if answer.status in (401, 403):
            need = "" if sent is None else f", or register the schema in {what} yourself"
            raise ConnectorError(
                f"the schema registry at {self.url} refuses this client ({answer.status}): set "
                f"schema.registry.basic.auth.user.info in --config-file{need}"
            )
        if not isinstance(body, dict):
            raise ConnectorError(
                f"{self.url} is not a schema registry: it answers {answer.status} without a JSON object"
            )
        return answer.status, body
