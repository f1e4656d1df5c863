"""One request over HTTP, and all of its answer."""

import http.client
from dataclasses import dataclass
from urllib.parse import urlsplit

from localaws import LocalAws

__all__ = ["Answer", "ask"]


@dataclass
class Answer:
    """Header names are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


def ask(
    aws: LocalAws, method: str, target: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> Answer:
    """Send it as it is, unsigned unless ``headers`` sign it."""
    address = urlsplit(aws.endpoint)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=60)
    try:
        connection.request(method, target, body, headers or {})
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, found, response.read())
    finally:
        connection.close()
