"""A client of the Prometheus HTTP API, which Thanos, Mimir and VictoriaMetrics also implement.

Source: https://prometheus.io/docs/prometheus/latest/querying/api/
"""

import json
import ssl
from collections.abc import Iterator, Mapping
from typing import Any

import urllib3
from urllib3.exceptions import HTTPError, MaxRetryError

from stepcast.connect.errors import ConnectorError
from stepcast.connect.prometheus.connection import Connection

__all__ = ["Client", "Refused"]

POINTS = 11_000  # per series and response, the server's limit: (end - start) / step, empty or not
FEWEST = 60  # points in the smallest page
LARGEST = 1 << 30  # bytes in one response
CHUNK = 1 << 20
# Errors that a shorter range avoids: samples in memory, length of the range, time.
TOO_MUCH = ("too many samples", "exceeds the limit", "exceeded the limit", "timed out", "too large")


class Refused(ConnectorError):
    """The server answered with an error; ``said`` is its text, ``status`` the HTTP status."""

    def __init__(self, where: str, status: int, said: str, remedy: str = "") -> None:
        super().__init__(where, status, said, remedy)
        self.where, self.status, self.said, self.remedy = where, status, said, remedy

    def __str__(self) -> str:
        return f"{self.where} answers {self.status}: {self.said}{f'. {self.remedy}' if self.remedy else ''}"


class Client:
    """A client of one server. ``warnings`` collects the warnings in its responses, each once."""

    def __init__(self, connection: Connection, timeout: float = 120) -> None:
        self.connection = connection
        self.warnings: dict[str, None] = {}
        # Queries have no side effects, so they are retried if the connection breaks or the server is busy.
        retries = urllib3.Retry(
            total=3,
            redirect=0,  # credentials are sent to no other host
            backoff_factor=0.5,
            status_forcelist=(429, 502, 504),
            allowed_methods=None,
            raise_on_status=False,
            raise_on_redirect=False,
        )
        try:
            self._pool = urllib3.PoolManager(
                retries=retries,
                timeout=urllib3.Timeout(connect=10, read=timeout),
                ca_certs=connection.ca,
                cert_file=connection.certificate,
                key_file=connection.key,
            )
        except (OSError, ssl.SSLError) as error:
            raise ConnectorError(f"the files for TLS cannot be read: {error}") from None

    def data(self, path: str, fields: Mapping[str, str] | None = None) -> Any:
        """The ``data`` of a response. Queries are POST requests, as expressions may be too long for a URL."""
        status, body = self.request("POST" if fields else "GET", path, fields)
        try:
            answer = json.loads(body)
            success = answer["status"] == "success"
        except (ValueError, KeyError, TypeError):
            remedy = "Is this the base URL of its API? Mimir's ends in /prometheus"
            said = body[:200].decode("utf-8", "replace").strip() or "nothing"
            raise Refused(self.connection.url + path, status, said, remedy) from None
        if not success:
            raise Refused(self.connection.url, status, str(answer.get("error", "an error without a message")))
        for warning in answer.get("warnings") or ():
            self.warnings.setdefault(str(warning))
        return answer["data"]

    def request(
        self,
        method: str,
        path: str,
        fields: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, bytes]:
        """Status and body of a response.

        Raises:
            ConnectorError: there is no response, a redirect, or access is denied.
        """
        url = self.connection.url + path
        sent = {"Accept-Encoding": "gzip", **self.connection.headers, **(headers or {})}
        given: dict[str, Any] = {"fields": fields, "encode_multipart": False} if fields else {"body": body}
        try:
            answer = self._pool.request(method, url, headers=sent, preload_content=False, **given)
            content = b"".join(self._bounded(answer))
        except MaxRetryError as error:
            raise ConnectorError(f"{self.connection.url} does not answer: {error.reason}") from None
        except (HTTPError, OSError) as error:
            raise ConnectorError(f"{self.connection.url} does not answer: {error}") from None
        if 300 <= answer.status < 400:
            to = str(answer.headers.get("location", "elsewhere")).partition("?")[0]
            raise Refused(url, answer.status, f"redirected to {to}", "Use the address that it redirects to")
        if answer.status in (401, 403):
            raise Refused(
                self.connection.url,
                answer.status,
                "authentication is required" if answer.status == 401 else "access is denied",
                "Give --user and --password-file, or --token-file",
            )
        return answer.status, content

    def instant(self, expression: str, at: float) -> list[dict[str, Any]]:
        """The series of an expression at one moment, in seconds since 1970."""
        answer = self.data("/api/v1/query", {"query": expression, "time": f"{at:.3f}"})
        return list(answer["result"]) if answer["resultType"] in ("vector", "matrix") else []

    def pages(self, expression: str, start: int, end: int, step: int) -> Iterator[list[dict[str, Any]]]:
        """The series of an expression every ``step`` seconds from ``start`` to ``end``, both inclusive.

        A page has as many points as the server allows, and fewer if the server rejects that as too many.
        """
        points = POINTS
        while start <= end:
            last = min(end, start + (points - 1) * step)
            fields = {"query": expression, "start": str(start), "end": str(last), "step": str(step)}
            try:
                answer = self.data("/api/v1/query_range", fields)
            except Refused as error:
                if points <= FEWEST or not any(words in error.said for words in TOO_MUCH):
                    raise
                points //= 2
                continue
            if answer["resultType"] != "matrix":
                raise ConnectorError(
                    f"the query returns a {answer['resultType']}: write one that returns series"
                )
            yield answer["result"]
            start = last + step

    @staticmethod
    def _bounded(answer: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
        read = 0
        for chunk in answer.stream(CHUNK, decode_content=True):
            read += len(chunk)
            if read > LARGEST:
                answer.close()
                raise ConnectorError(
                    "a response is larger than 1 GiB: write a query that returns fewer series"
                )
            yield chunk
