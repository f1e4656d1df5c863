"""Who may use the console, and what its pages may do.

The gate of localaws has already refused requests of other origins and for other host names. Here a request
that changes something must also carry the session's token, which only a page of this origin can read. Where
the server asks for signatures (``--auth``), whoever reads must have a cookie, which the address that
``stepcast up`` prints sets once.
"""

import hmac
import secrets
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote

from stepcast.console.answers import Answer, Refusal
from stepcast.console.requests import Request

__all__ = ["Admission"]

TOKEN_HEADER = "x-stepcast-token"  # noqa: S105 - the name of a header
COOKIE = "stepcast_console"
READING = ("GET", "HEAD")
HARMLESS = ("queries", "stop", "draft", "checked-params")  # a statement must be one that reads


class Admission:
    """Decides for one session. With ``closed``, nobody reads without the token.

    With ``read_only``, nobody changes anything: of requests with a body, only ``HARMLESS`` ones are answered.
    """

    def __init__(self, closed: bool = False, token: str | None = None, read_only: bool = False) -> None:
        self.closed, self.read_only = closed, read_only
        self.token = token or secrets.token_urlsafe(32)

    def entrance(self, root: str) -> str:
        """The path to open: with the token, if it is needed to enter."""
        return f"{root}?token={quote(self.token)}" if self.closed else root

    def entered(self, request: Request, root: str) -> Answer | None:
        """The answer to a request for the entrance: the cookie, and the same address without the token."""
        given = request.query.get("token")
        if not self.closed or given is None or request.method != "GET":
            return None
        if not self._is_token(given):
            raise Refusal(401, "this token is not that of the running session: open the address it printed")
        cookie = f"{COOKIE}={self.token}; Path={root}; HttpOnly; SameSite=Lax"  # a link may lead here
        return Answer(303, "text/plain; charset=utf-8", b"", {"Location": root, "Set-Cookie": cookie})

    def check(self, request: Request) -> None:
        """Refusal if the request may not be answered."""
        if self.closed and not self._is_token(_cookie(request)):
            raise Refusal(401, "open the console at the address that was printed: it has a token")
        if request.method in READING:
            return
        if not self._is_token(request.headers.get(TOKEN_HEADER, "")):
            raise Refusal(403, f"a request that changes something must have the session's {TOKEN_HEADER}")
        if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
            raise Refusal(403, "only the console's own pages may change something")
        if self.read_only and request.path.rpartition("/")[2] not in HARMLESS:
            raise Refusal(403, "the console is read only here")

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self.token.encode())


def _cookie(request: Request) -> str:
    try:
        found = SimpleCookie(request.headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found is not None else ""
