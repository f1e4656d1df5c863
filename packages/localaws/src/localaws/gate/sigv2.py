"""Compute the signature that a request must have: version 2, which botocore still makes to presign for S3.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/RESTAuthentication.html
"""

import base64
import hmac
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

from botocore.auth import HmacV1Auth
from moto.core.request import PRESERVED_HEADER_NAMES_ENVIRON_KEY

from localaws.gate.signature import Signature
from localaws.gate.sigv4 import header_value, wire_target

__all__ = ["expected_signature", "sign"]

Environ = dict[str, Any]

_SUBRESOURCES = frozenset(HmacV1Auth.QSAOfInterest)


def expected_signature(environ: Environ, signature: Signature, secret: str, bucket: str) -> str:
    """What ``signature.value`` must be; ``bucket`` is the one that the host names, if it does."""
    path, query = wire_target(environ)
    if path.count("/") == 1 and path != "/" and not bucket:
        path += "/"  # botocore signs /bucket/ and sends /bucket
    given = dict(parse_qsl(query, keep_blank_values=True))
    amz = {name.lower(): value for name, value in given.items() if name.lower().startswith("x-amz-")}
    written = environ.get(PRESERVED_HEADER_NAMES_ENVIRON_KEY, {})  # with their underscores
    for name, value in environ.items():
        if name.startswith("HTTP_X_AMZ_"):
            header = written.get(name, name.removeprefix("HTTP_").replace("_", "-"))
            amz[header.lower()] = value.strip()
    date = signature.time if signature.in_query else header_value(environ, "date")
    if "x-amz-date" in amz and not signature.in_query:
        date = ""
    lines = [
        environ["REQUEST_METHOD"],
        given.get("content-md5") or header_value(environ, "content-md5"),
        given.get("content-type") or header_value(environ, "content-type"),
        date,
        *(f"{name}:{amz[name]}" for name in sorted(amz)),
        (f"/{quote(bucket)}" if bucket else "") + path + _subresources(query),
    ]
    return sign(secret, "\n".join(lines).encode("latin-1"))


def sign(secret: str, text: bytes) -> str:
    """The signature, in Base64."""
    return base64.b64encode(hmac.digest(secret.encode(), text, "sha1")).decode()


def _subresources(query: str) -> str:
    found = []
    for pair in query.split("&"):
        name, equals, value = pair.partition("=")
        if name in _SUBRESOURCES:
            found.append((name, f"{name}{equals}{unquote(value)}"))
    return "?" + "&".join(text for _, text in sorted(found)) if found else ""
