"""Which web pages may use this server: its own, those of ``--allow-origin``, those of a bucket's rules."""

from collections.abc import Collection, Iterable
from typing import Any

from localaws.gate import bucket_cors
from localaws.gate.buckets import addressed
from localaws.gate.refused import Refused
from localaws.gate.sites import foreign_site

__all__ = ["PreflightGranted", "judge_page"]

Environ = dict[str, Any]
Headers = list[tuple[str, str]]

_NO_CORS = "CORSResponse: CORS is not enabled for this bucket."
_CORS_REFUSED = (
    "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, "
    "request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by "
    "the resource's CORS spec."  # S3's own words
)


class PreflightGranted(Refused):
    """The answer to a browser that asks whether a page may send a request; its headers are the gate's."""

    def __init__(self) -> None:
        super().__init__(200, "OK", "preflight granted")

    def answer(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        del environ
        start_response("200 OK", [("Content-Length", "0"), *self.headers])
        return []


def judge_page(environ: Environ, allowed: Collection[str], virtual_bucket: str, headers: Headers) -> bool:
    """Whether this request must prove who signed it, because any page whatever may send it.

    What the page may read goes to ``headers``. ``allowed`` are origins that may do everything.

    Raises:
        Refused: the page may not send it.
        PreflightGranted: the request asks whether another may be sent, and it may.
    """
    origin = foreign_site(environ)
    preflight = environ["REQUEST_METHOD"] == "OPTIONS"
    if origin is None and not preflight:
        return False
    named: str | None = environ.get("HTTP_ORIGIN")
    if preflight and named is None:
        raise Refused(400, "BadRequest", "Insufficient information. Origin request header needed.")
    if origin is not None and origin.lower() in allowed:
        headers += _everything(environ, origin)
        by_name = True
    else:
        granted = _rule_of_bucket(environ, named, origin or named or "null", virtual_bucket, preflight)
        headers += granted.headers
        by_name = granted.by_name
    if preflight:
        raise PreflightGranted
    return not by_name


def _rule_of_bucket(
    environ: Environ, named: str | None, origin: str, virtual_bucket: str, preflight: bool
) -> bucket_cors.Grant:
    bucket, key = addressed(environ, virtual_bucket)
    method: str | None = environ["REQUEST_METHOD"]
    if preflight and (method := environ.get("HTTP_ACCESS_CONTROL_REQUEST_METHOD")) is None:
        raise Refused(400, "BadRequest", "Invalid Access-Control-Request-Method: null")
    if named and bucket and (preflight or _is_for_s3(environ)):
        asked = _asked_headers(environ)
        if granted := bucket_cors.grant(bucket, named, str(method), asked, preflight=preflight):
            return granted
    if preflight:
        raise Refused(
            403,
            "AccessForbidden",
            _CORS_REFUSED if bucket_cors.is_enabled(bucket) else _NO_CORS,
            details={"Method": str(method), "ResourceType": "OBJECT" if key else "BUCKET"},
        )
    raise Refused(
        403,
        "AccessDenied",
        f"Pages of {origin!r} are not allowed to use this server: allow them in the bucket's CORS rules, or "
        "start the server with --allow-origin",
    )


def _everything(environ: Environ, origin: str) -> Headers:
    return [
        ("Access-Control-Allow-Origin", origin),
        ("Access-Control-Allow-Methods", "GET, HEAD, PUT, POST, DELETE, PATCH"),
        ("Access-Control-Allow-Headers", ", ".join(_asked_headers(environ))),
        ("Access-Control-Expose-Headers", "*"),
        ("Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"),
    ]


def _asked_headers(environ: Environ) -> list[str]:
    asked = environ.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS", "")
    return [name.strip().lower() for name in asked.split(",") if name.strip()]


def _is_for_s3(environ: Environ) -> bool:
    """Whether a request goes to S3: one that is signed for it, or in its query, or not at all."""
    header = environ.get("HTTP_AUTHORIZATION")
    return header is None or header.startswith("AWS ") or "/s3/aws4_request," in header
