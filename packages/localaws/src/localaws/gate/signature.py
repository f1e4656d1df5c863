"""Find the signature of a request, and what it claims.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html; for version 2,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/RESTAuthentication.html
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from localaws.gate.refused import Refused, Words

__all__ = ["Signature", "read_signature"]

Environ = dict[str, Any]

_V4 = re.compile(
    r"AWS4-HMAC-SHA256 +Credential=([^/,\s]+)/(\d{8})/([a-z0-9-]+)/([a-z0-9.-]+)/aws4_request, *"
    r"SignedHeaders=([^,\s]+), *Signature=([0-9a-f]{64})"
)
_V2 = re.compile(r"AWS ([^:\s]+):([A-Za-z0-9+/=]+)")
_SCOPE = re.compile(r"([^/,\s]+)/(\d{8})/([a-z0-9-]+)/([a-z0-9.-]+)/aws4_request")
_V4_QUERY = (
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
)
_WEEK = 604_800  # seconds

INCOMPLETE = Words("AccessDenied", "IncompleteSignature", "IncompleteSignatureException")
MALFORMED_QUERY = Words(
    "AuthorizationQueryParametersError", "IncompleteSignature", "IncompleteSignatureException"
)


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature of version 4, or of version 2, which only S3 knows."""

    version: int
    access_key: str
    value: str
    in_query: bool
    service: str = "s3"
    region: str = ""
    day: str = ""  # yyyymmdd, of the scope
    signed_headers: tuple[str, ...] = ()
    time: str = ""  # version 4: yyyymmddThhmmssZ; version 2 in the query: seconds since 1970 of the end
    valid_until: float | None = None  # seconds since 1970, of a presigned URL


def read_signature(environ: Environ) -> Signature | None:
    """The signature of the request; None where there is none.

    Raises:
        Refused: it cannot be read, or there are two.
    """
    header = environ.get("HTTP_AUTHORIZATION")
    query = environ["QUERY_STRING"]
    in_query = "Signature=" in query and ("X-Amz-Signature=" in query or "AWSAccessKeyId=" in query)
    if header is None:
        return _from_query(query) if in_query else None
    if in_query:
        raise Refused(
            400,
            "InvalidArgument",
            "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query "
            "string parameter or the Authorization header should be specified",
        )
    if match := _V4.fullmatch(header):
        access_key, day, region, service, signed, value = match.groups()
        return Signature(
            4, access_key, value, False, service, region, day, tuple(signed.split(";")), _time(environ)
        )
    if match := _V2.fullmatch(header):
        return Signature(2, match[1], match[2], False)
    raise Refused(
        403,
        INCOMPLETE,
        "The Authorization header is not of the form AWS4-HMAC-SHA256 Credential=KEY/DAY/REGION/SERVICE/"
        "aws4_request, SignedHeaders=..., Signature=...",
    )


def _time(environ: Environ) -> str:
    return str(environ.get("HTTP_X_AMZ_DATE", ""))


def _from_query(query: str) -> Signature:
    pairs = parse_qsl(query, keep_blank_values=True)
    given = dict(pairs)
    if len(given) < len(pairs):
        raise Refused(400, MALFORMED_QUERY, "A query parameter is given twice")
    return _v4_query(given) if "X-Amz-Signature" in given else _v2_query(given)


def _v4_query(given: Mapping[str, str]) -> Signature:
    if missing := [name for name in _V4_QUERY if not given.get(name)]:
        raise Refused(400, MALFORMED_QUERY, f"Query-string authentication requires {', '.join(missing)}")
    scope = _SCOPE.fullmatch(given["X-Amz-Credential"])
    if given["X-Amz-Algorithm"] != "AWS4-HMAC-SHA256" or scope is None:
        raise Refused(
            400,
            MALFORMED_QUERY,
            "X-Amz-Algorithm must be AWS4-HMAC-SHA256, X-Amz-Credential KEY/DAY/REGION/SERVICE/aws4_request",
        )
    access_key, day, region, service = scope.groups()
    try:
        begin = datetime.strptime(given["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
        seconds = int(given["X-Amz-Expires"])
    except ValueError:
        raise Refused(
            400, MALFORMED_QUERY, "X-Amz-Date must be yyyymmddThhmmssZ, and X-Amz-Expires a number"
        ) from None
    if not 0 < seconds <= _WEEK:
        raise Refused(400, MALFORMED_QUERY, f"X-Amz-Expires must be between 1 and {_WEEK} (seconds)")
    return Signature(
        4,
        access_key,
        given["X-Amz-Signature"],
        True,
        service,
        region,
        day,
        tuple(given["X-Amz-SignedHeaders"].split(";")),
        given["X-Amz-Date"],
        begin + seconds,
    )


def _v2_query(given: Mapping[str, str]) -> Signature:
    expires = given.get("Expires", "")
    if not (
        expires.isascii() and expires.isdigit() and given.get("AWSAccessKeyId") and given.get("Signature")
    ):
        raise Refused(
            403,
            "AccessDenied",
            "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters",
        )
    return Signature(
        2, given["AWSAccessKeyId"], given["Signature"], True, time=expires, valid_until=float(expires)
    )
