"""Which web page sent the request, by the headers that the browser sets.

A page can write what it likes into a form, an address or the body of a simple request, a signature included,
and have the browser send it. It cannot forge these headers.
"""

import re
from typing import Any

__all__ = ["checked_origin", "followed_link", "foreign_site", "typed_address"]

Environ = dict[str, Any]

_ORIGIN = re.compile(r"https?://[^/\s*@?#]+", re.IGNORECASE)


def checked_origin(text: str) -> str:
    """The origin as it was given.

    Raises:
        ValueError: it is none; ``*`` and ``null`` stand for any page, and they are not trusted.
    """
    if not _ORIGIN.fullmatch(text):
        raise ValueError(
            f"{text!r} is not an origin: write scheme, host and port only, as in http://localhost:3000"
        )
    return text


def foreign_site(environ: Environ) -> str | None:
    """The origin of the page that sent the request where that is not this server's, else None.

    ``null`` where the browser does not disclose it (a sandboxed frame, a file, a redirect).
    """
    own = f"http://{environ['HTTP_HOST']}"
    origin: str | None = environ.get("HTTP_ORIGIN")
    if origin is not None and origin.lower() != own.lower():
        return origin
    if environ.get("HTTP_SEC_FETCH_SITE", "none") not in {"same-origin", "none"}:
        return origin or _site_of(environ.get("HTTP_REFERER")) or "null"
    referer = environ.get("HTTP_REFERER")
    if referer is not None and not f"{referer}/".lower().startswith(f"{own}/".lower()):
        return _site_of(referer) or "null"
    return None


def typed_address(environ: Environ) -> bool:
    """Whether the user navigated here: a typed address, a bookmark, a link in an e-mail."""
    return environ.get("HTTP_SEC_FETCH_SITE") == "none"


def followed_link(environ: Environ) -> bool:
    """Whether the user leaves another page for this address, in a window of its own, and sends nothing.

    The page that has the link cannot read what is answered.
    """
    return (
        environ["REQUEST_METHOD"] == "GET"
        and "HTTP_ORIGIN" not in environ
        and environ.get("HTTP_SEC_FETCH_MODE") == "navigate"
        and environ.get("HTTP_SEC_FETCH_DEST") == "document"
    )


def _site_of(url: str | None) -> str:
    scheme, colon, rest = (url or "").partition("://")
    return f"{scheme}{colon}{rest.partition('/')[0]}"
