"""Verify signatures against the keys that exist."""

import hmac
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from localaws.gate import payload, sigv2, sigv4
from localaws.gate.refused import Refused, Words
from localaws.gate.signature import INCOMPLETE, Signature

__all__ = ["Verifier"]

Environ = dict[str, Any]

_SKEW = 15 * 60  # seconds that a client's clock may be wrong
_UNKNOWN = Words("InvalidAccessKeyId", "InvalidClientTokenId", "UnrecognizedClientException")
_WRONG = Words("SignatureDoesNotMatch", "SignatureDoesNotMatch", "InvalidSignatureException")
_SKEWED = Words("RequestTimeTooSkewed", "RequestExpired", "InvalidSignatureException")
_NOT_SIGNED = Words("AccessDenied", _WRONG.query, _WRONG.json)


class Verifier:
    """``secret`` finds the secret of an access key, or None; with ``auth``, every key must be known."""

    def __init__(self, secret: Callable[[str], str | None], auth: bool) -> None:
        self._secret, self.auth = secret, auth

    def verify(self, environ: Environ, signature: Signature, virtual_bucket: str, must_prove: bool) -> None:
        """Raise Refused for a presigned URL whose time is over, and for a signature that is wrong.

        Without ``auth`` and ``must_prove`` only presigned URLs are compared, and only those of known keys.
        """
        now = time.time()
        if signature.valid_until is not None and signature.valid_until < now:
            details = {"Expires": _iso(signature.valid_until), "ServerTime": _iso(now)}
            raise Refused(403, "AccessDenied", "Request has expired", details=details)
        must_prove = must_prove or self.auth
        if not (must_prove or signature.in_query):
            return

        def expected(secret: str) -> str:
            if signature.version == 2:
                return sigv2.expected_signature(environ, signature, secret, virtual_bucket)
            return sigv4.expected_signature(environ, signature, secret, _payload(environ, signature))

        if self._compare(signature, expected, must_prove):
            _check_claims(environ, signature, now)

    def verify_form(self, signature: Signature, expected: Callable[[str], str]) -> None:
        """Raise Refused if the signature in an upload's form is wrong."""
        self._compare(signature, expected, self.auth)

    def _compare(self, signature: Signature, expected: Callable[[str], str], must_prove: bool) -> bool:
        """Whether the signature is right; False where the key is unknown and need not be known."""
        secret = self._secret(signature.access_key)
        if secret is None:
            if not must_prove:
                return False
            of_s3 = "The AWS Access Key Id you provided does not exist in our records."
            others = "The security token included in the request is invalid."
            raise Refused(403, _UNKNOWN, of_s3 if signature.service == "s3" else others)
        if not hmac.compare_digest(expected(secret).encode(), signature.value.encode()):
            raise Refused(
                403,
                _WRONG,
                "The request signature we calculated does not match the signature you provided. Check your "
                "AWS Secret Access Key and signing method.",
            )
        return True


def _payload(environ: Environ, signature: Signature) -> str:
    """The hash of the body as it is signed; the body is compared with it here, or when S3 reads it."""
    declared: str = environ.get("HTTP_X_AMZ_CONTENT_SHA256", "")
    if signature.service != "s3":
        return payload.read_whole(environ)
    if signature.in_query:
        declared = declared or "UNSIGNED-PAYLOAD"
    if not declared:
        raise Refused(400, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
    if declared != "UNSIGNED-PAYLOAD" and not declared.startswith("STREAMING-"):
        length = None if "HTTP_TRANSFER_ENCODING" in environ else int(environ.get("CONTENT_LENGTH") or 0)
        environ["wsgi.input"] = payload.Unread(environ["wsgi.input"], length, declared)
    return declared


def _check_claims(environ: Environ, signature: Signature, now: float) -> None:
    """What a right signature does not cover by itself: its time, and headers that it leaves out."""
    if signature.in_query and signature.version == 2:
        return
    signed = _signed_at(environ, signature)
    ahead = signed - now
    if ahead > _SKEW or (signature.valid_until is None and ahead < -_SKEW):
        raise Refused(
            403,
            _SKEWED,
            "The difference between the request time and the current time is too large.",
            details={"RequestTime": _iso(signed), "ServerTime": _iso(now)},
        )
    if signature.version == 2:
        return
    present = {_name(name.removeprefix("HTTP_")) for name in environ if name.startswith("HTTP_X_AMZ_")}
    if left_out := {"host", *present} - {_name(name) for name in signature.signed_headers}:
        raise Refused(
            403,
            _NOT_SIGNED,
            "There were headers present in the request which were not signed",
            details={"HeadersNotSigned": ", ".join(sorted(left_out))},
        )


def _signed_at(environ: Environ, signature: Signature) -> float:
    try:
        if signature.version == 2:
            date = environ.get("HTTP_X_AMZ_DATE") or environ.get("HTTP_DATE", "")
            return parsedate_to_datetime(date).timestamp()
        if signature.time.startswith(signature.day):
            return datetime.strptime(signature.time, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        pass
    raise Refused(403, INCOMPLETE, "AWS authentication requires a valid Date or x-amz-date header")


def _name(header: str) -> str:
    return header.replace("_", "-").lower()


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
