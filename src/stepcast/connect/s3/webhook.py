"""``POST /_stepcast/notify``: a store says that something in it has changed.

Stores say what in forms of their own: S3's records (MinIO, Ceph), a filer's events (SeaweedFS). None is read:
whoever is told looks at the bucket, which says it all.
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
    """A WSGI application that calls ``changed``, and answers at once, where the sender knows the secret.

    The secret comes as ``Authorization: Bearer SECRET``, as the header alone, as the password of HTTP's basic
    authentication, or, for what can only be given an address, as ``?token=SECRET``.
    """

    def __init__(self, secret: str, changed: Callable[[], None]) -> None:
        self._secret, self._changed = secret.encode(), changed

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "POST":
            return _answer(start_response, "405 Method Not Allowed", "POST it", ("Allow", "POST"))
        if not any(hmac.compare_digest(self._secret, given) for given in _given(environ)):
            return _answer(
                start_response,
                "401 Unauthorized",
                "send the secret that stepcast up names: Authorization: Bearer SECRET",
                ("WWW-Authenticate", "Bearer"),
            )
        self._changed()
        return _answer(start_response, "200 OK", "the bucket will be looked at")


def _given(environ: dict[str, Any]) -> Iterable[bytes]:
    """What the sender may have meant as the secret."""
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
