"""``POST /_stepcast/notify``: the webhook through which a store reports changes.

Stores send different bodies: S3 event records (MinIO, Ceph) or filer events (SeaweedFS). The body is ignored,
because the bucket is listed in any case.
"""

import base64
import binascii
import hmac
import json
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

__all__ = ["NOTIFY_PATH", "Notify"]

NOTIFY_PATH = "/_stepcast/notify"


class Notify:
    """WSGI application that calls ``changed`` and answers at once, if the request carries the secret.

    The secret is accepted as ``Authorization: Bearer SECRET``, as the whole Authorization header, as the
    password of HTTP basic authentication, or as ``?token=SECRET`` from senders that can be given only an
    address.
    """

    def __init__(self, secret: str, changed: Callable[[], None]) -> None:
        self._secret, self._changed = secret.encode(), changed

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "POST":
            return _answer(start_response, "405 Method Not Allowed", "use POST", ("Allow", "POST"))
        if not any(hmac.compare_digest(self._secret, given) for given in _given(environ)):
            return _answer(
                start_response,
                "401 Unauthorized",
                "send the secret that stepcast up names: Authorization: Bearer SECRET",
                ("WWW-Authenticate", "Bearer"),
            )
        self._changed()
        return _answer(start_response, "200 OK", "the bucket will be listed")


def _given(environ: dict[str, Any]) -> Iterable[bytes]:
    """Candidates for the secret in a request."""
    authorization = environ.get("HTTP_AUTHORIZATION", "").strip()
    scheme, _, value = authorization.partition(" ")
    value = value.strip()
    if scheme.lower() == "basic":
        try:
            yield base64.b64decode(value, validate=True).partition(b":")[2]
        except binascii.Error:
            return
    elif authorization:
        yield (value if scheme.lower() == "bearer" else authorization).encode("latin-1")
    for token in parse_qs(environ.get("QUERY_STRING", "")).get("token", []):
        yield token.encode()


def _answer(
    start_response: Callable[..., Any], status: str, message: str, *headers: tuple[str, str]
) -> Iterable[bytes]:
    body = json.dumps({"message": message}).encode() + b"\n"
    start_response(
        status, [("Content-Type", "application/json"), ("Content-Length", str(len(body))), *headers]
    )
    return [body]
