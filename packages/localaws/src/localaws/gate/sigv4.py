"""Compute the signature that a request must have: AWS Signature Version 4.

The request is taken as it came over the wire (``RAW_URI``, headers in Latin-1), because clients differ in
which characters they escape and sign what they send.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
"""

import hashlib
import hmac
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from localaws.gate.signature import Signature

__all__ = ["expected_signature", "header_value", "sign", "wire_target"]

Environ = dict[str, Any]


def expected_signature(environ: Environ, signature: Signature, secret: str, payload: str) -> str:
    """What ``signature.value`` must be, for a body whose hash (or stand-in for it) is ``payload``."""
    path, query = wire_target(environ)
    canonical = "\n".join(
        [
            environ["REQUEST_METHOD"],
            path if signature.service == "s3" else quote(_without_dots(path), safe="/~"),
            _canonical_query(query),
            *(f"{name}:{header_value(environ, name)}" for name in signature.signed_headers),
            "",
            ";".join(signature.signed_headers),
            payload,
        ]
    )
    scope = f"{signature.day}/{signature.region}/{signature.service}/aws4_request"
    digest = hashlib.sha256(canonical.encode("latin-1")).hexdigest()
    return sign(signature, secret, f"AWS4-HMAC-SHA256\n{signature.time}\n{scope}\n{digest}")


def sign(signature: Signature, secret: str, text: str) -> str:
    """The signature of a text, in hex, with the key of the day, region and service of ``signature``."""
    key = _signing_key(secret, signature.day, signature.region, signature.service)
    return hmac.digest(key, text.encode(), "sha256").hex()


@lru_cache(maxsize=128)
def _signing_key(secret: str, *scope: str) -> bytes:
    """The key of one day, region and service."""
    key = b"AWS4" + secret.encode()
    for part in (*scope, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def wire_target(environ: Environ) -> tuple[str, str]:
    """Path and query as they were sent, with their escapes."""
    target: str = environ["RAW_URI"]
    if not target.startswith("/"):  # http://host/path
        target = "/" + target.partition("://")[2].partition("/")[2]
    path, _, query = target.partition("?")
    return path, query


def header_value(environ: Environ, name: str) -> str:
    """A header as it is signed: trimmed, with single spaces."""
    key = name.upper().replace("-", "_")
    key = key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"
    return " ".join(environ.get(key, "").split())


def _canonical_query(query: str) -> str:
    pairs = []
    for pair in query.split("&") if query else ():
        name, _, value = pair.partition("=")
        if name != "X-Amz-Signature":
            pairs.append((_escaped(name), _escaped(value)))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _escaped(text: str) -> str:
    return quote(unquote_to_bytes(text.encode("latin-1")), safe="-_.~")


def _without_dots(path: str) -> str:
    """The path without empty and dot segments, as services other than S3 sign it (RFC 3986, 5.2.4)."""
    kept: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del kept[-1:]
        elif part not in {"", "."}:
            kept.append(part)
    end = "/" if path.endswith("/") and kept else ""
    return f"/{'/'.join(kept)}{end}"
