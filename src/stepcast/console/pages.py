"""The page and its files: built from ``console/`` by ``make console``, and sent with strict headers."""

import hashlib
import html
import secrets
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from stepcast.console.admission import Admission
from stepcast.console.answers import Answer, Refusal
from stepcast.console.requests import Request

__all__ = ["asset", "guarded", "page"]

SCRIPT = "text/javascript; charset=utf-8"
TYPES = {
    "console.js": SCRIPT,
    "chunk.js": SCRIPT,
    "editing.js": SCRIPT,
    "console.css": "text/css; charset=utf-8",
    "licenses.txt": "text/plain; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="stepcast-token" content="{token}">
<meta name="stepcast-nonce" content="{nonce}">
<meta name="stepcast-mode" content="{mode}">
<title>Stepcast</title>
<link rel="icon" href="{root}assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="{root}assets/console.css">
<link rel="modulepreload" href="{root}assets/chunk.js">
<script type="module" src="{root}assets/console.js"></script>
</head>
<body><div id="app"></div><noscript>The console needs JavaScript.</noscript></body>
</html>
"""


def page(root: str, admission: Admission, host: str) -> Answer:
    """The page, which asks for everything else. Scripts and styles are this console's own files.

    Style elements need the nonce: the SQL editor makes one.
    """
    nonce = secrets.token_urlsafe(18)
    # Not 'self', which a bucket's objects are, too; but a policy cannot name an IPv6 address.
    own = f"http://{host}{root}"
    assets, api = ("'self'", "'self'") if host.startswith("[") else (f"{own}assets/", f"{own}api/")
    policy = (
        f"default-src 'none'; script-src {assets}; style-src {assets} 'nonce-{nonce}'; "
        f"img-src {assets} data:; connect-src {api}; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
    text = PAGE.format(
        root=html.escape(root),
        token=html.escape(admission.token),
        nonce=html.escape(nonce),
        mode="read-only" if admission.read_only else "full",
    )
    return Answer(
        200,
        "text/html; charset=utf-8",
        text.encode(),
        {"Content-Security-Policy": policy, "Cache-Control": "no-store"},
    )


def asset(name: str, request: Request) -> Answer:
    """A file of the page; 304 if the browser has it."""
    if name not in TYPES:
        raise Refusal(404, f"the console has no file {name!r}")
    body, mark = _read(name)
    headers = {"ETag": mark, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == mark:
        return Answer(304, TYPES[name], b"", headers)
    return Answer(200, TYPES[name], body, headers)


def guarded(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of any answer: nothing may frame, embed, sniff or keep it."""
    return {
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
        **headers,
    }


@cache
def _read(name: str) -> tuple[bytes, str]:
    body = (files("stepcast.console") / "assets" / name).read_bytes()
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'
