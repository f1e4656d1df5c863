"""Uploads by form: what ``generate_presigned_post`` signs.

The form's fields carry a policy and its signature, so the request itself carries none. moto stores the file
without a look at them (moto 5.2.5, s3/responses.py, _bucket_response_post).

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

from moto.s3.responses import S3Response

from localaws.gate import sigv2, sigv4
from localaws.gate.refused import Refused
from localaws.gate.signature import Signature
from localaws.patching import replace

__all__ = ["FORM", "is_upload_form", "patch"]

FORM = "localaws.post_form"  # in the environ: this request's form must be checked

Environ = dict[str, Any]

_UNCHECKED = {"policy", "x-amz-signature", "signature", "awsaccesskeyid", "file"}


def is_upload_form(environ: Environ, bucket: str, key: str) -> bool:
    """Whether a request without signature may carry one in its form."""
    return (
        environ["REQUEST_METHOD"] == "POST"
        and bool(bucket)
        and not key
        and not environ["QUERY_STRING"]
        and environ.get("CONTENT_TYPE", "").startswith("multipart/form-data")
    )


def patch(
    undo: ExitStack,
    check: Callable[[Signature, Callable[[str], str]], None],
    problem: Callable[[str, str, str], str | None],
) -> None:
    """Check forms before moto stores their file.

    ``check(signature, expected)`` raises Refused; ``expected(secret)`` computes what the signature must be.
    ``problem(access_key, bucket, key)`` is why the signer may not put the object, or None.
    """
    post: Any = S3Response._bucket_response_post

    def checked(self: Any, request: Any, bucket_name: str) -> Any:
        if request.environ.get(FORM):
            fields = {name.lower(): value for name, value in self.form_data.items()}
            signature = _signature(fields)
            check(signature, lambda secret: _expected(signature, secret, fields["policy"]))
            _hold({**fields, "bucket": bucket_name}, fields, len(self.body))
            if reason := problem(signature.access_key, bucket_name, fields.get("key", "")):
                raise Refused(403, "AccessDenied", reason)
        return post(self, request, bucket_name)

    replace(undo, S3Response, "_bucket_response_post", checked)


def _signature(fields: Mapping[str, str]) -> Signature:
    if "policy" in fields:
        if fields.get("x-amz-signature") and fields.get("x-amz-credential", "").count("/") == 4:
            access_key, day, region, service, _ = fields["x-amz-credential"].split("/")
            return Signature(4, access_key, fields["x-amz-signature"], True, service, region, day)
        if fields.get("signature") and fields.get("awsaccesskeyid"):
            return Signature(2, fields["awsaccesskeyid"], fields["signature"], True)
    raise Refused(403, "AccessDenied", "Access Denied")


def _expected(signature: Signature, secret: str, policy: str) -> str:
    if signature.version == 2:
        return sigv2.sign(secret, policy.encode())
    return sigv4.sign(signature, secret, policy)


def _hold(values: Mapping[str, str], fields: Mapping[str, str], size: int) -> None:
    """Compare the form with its policy."""
    try:
        policy = json.loads(base64.b64decode(fields["policy"], validate=True))
        expires = datetime.fromisoformat(policy["expiration"])
        conditions = [_condition(condition) for condition in policy["conditions"]]
    except (binascii.Error, ValueError, KeyError, TypeError, AttributeError):
        raise Refused(
            400, "InvalidPolicyDocument", "Invalid Policy: it is not valid JSON in Base64"
        ) from None
    if expires.replace(tzinfo=expires.tzinfo or UTC) < datetime.now(UTC):
        raise _invalid("Policy expired.")
    named = set()
    for kind, name, wanted, most in conditions:
        named.add(name)
        if kind == "content-length-range":
            if size < int(wanted):
                raise Refused(
                    400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size"
                )
            if size > int(most):
                raise Refused(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
            continue
        given = values.get(name, "")
        if not (given.startswith(wanted) if kind == "starts-with" else given == wanted):
            raise _invalid(f'Policy Condition failed: ["{kind}", "${name}", "{wanted}"]')
    extra = fields.keys() - named - _UNCHECKED
    if extra := {name for name in extra if not name.startswith("x-ignore-")}:
        raise _invalid(f"Extra input fields: {', '.join(sorted(extra))}")


def _condition(given: Any) -> tuple[str, str, str, str]:
    if isinstance(given, dict):
        ((name, value),) = given.items()
        return "eq", name.lower(), str(value), ""
    kind, name, value = given
    if kind.lower() == "content-length-range":
        return "content-length-range", "", str(int(name)), str(int(value))
    if kind.lower() not in {"eq", "starts-with"}:
        raise ValueError(kind)
    return kind.lower(), name.removeprefix("$").lower(), str(value), ""


def _invalid(why: str) -> Refused:
    return Refused(403, "AccessDenied", f"Invalid according to Policy: {why}")
