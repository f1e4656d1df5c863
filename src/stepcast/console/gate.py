"""Who may send a request to a console of its own: this machine's pages and clients, by its own name.

Next to the local stack, localaws does this for every request.
"""

import hmac
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

__all__ = ["Gate"]

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
NAMES = ("127.0.0.1", "localhost")


class Gate:
    """Lets requests for the ``application`` pass that pages of other origins could not have sent.

    A page of another site can have its own name resolve to this machine (DNS rebinding), but cannot send
    another Host header than that name. Links from other pages may be followed.
    """

    def __init__(self, application: Application, port: int) -> None:
        self._application = application
        self._hosts = {f"{name}:{port}" for name in NAMES}

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        refusal = self._refusal(environ)
        if refusal is None:
            return self._application(environ, start_response)
        body = f"{refusal}\n".encode()
        start_response(
            "403 Forbidden",
            [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))],
        )
        return [body]

    def _refusal(self, environ: Mapping[str, Any]) -> str | None:
        host = environ.get("HTTP_HOST", "").lower()
        if not any(hmac.compare_digest(host.encode(), one.encode()) for one in self._hosts):
            return f"this console answers only to {' and '.join(sorted(self._hosts))}"
        origin = environ.get("HTTP_ORIGIN")
        if origin is not None and urlsplit(origin).netloc.lower() != host:
            return "pages of other origins may not use this console"
        if environ.get("HTTP_SEC_FETCH_SITE", "none") in ("none", "same-origin"):
            return None
        followed = (
            environ["REQUEST_METHOD"] in ("GET", "HEAD")
            and environ.get("HTTP_SEC_FETCH_MODE") == "navigate"
            and environ.get("HTTP_SEC_FETCH_DEST") == "document"
        )
        return None if followed else "pages of other origins may not use this console"
