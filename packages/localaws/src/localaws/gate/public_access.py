"""Public access to a bucket: what its policy or an object's ACL allows everybody.

Only what is made public in practice: reading, writing and deleting objects, and listing. An Allow with a
condition makes nothing public here, because nothing is known of who asks; a Deny holds whatever its
condition, except that of plain HTTP, which is all there is on this machine.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-policy-language-overview.html
"""

import json
import re
from collections.abc import Collection
from typing import Any
from urllib.parse import parse_qsl

from moto.s3.models import FakeBucket

from localaws.gate.buckets import find_bucket

__all__ = ["is_public"]

Environ = dict[str, Any]

_OBJECT_ACTIONS = {"GET": "GetObject", "HEAD": "GetObject", "PUT": "PutObject", "DELETE": "DeleteObject"}
_LISTING = {
    "list-type",
    "prefix",
    "delimiter",
    "marker",
    "max-keys",
    "encoding-type",
    "continuation-token",
    "start-after",
    "fetch-owner",
}
_OVER_PLAIN_HTTP = {"Bool": {"aws:SecureTransport": "false"}}


def is_public(environ: Environ, bucket_name: str, key: str) -> bool:
    """Whether the bucket allows this request to everybody."""
    bucket = find_bucket(bucket_name)
    if bucket is None:
        return False
    method = environ["REQUEST_METHOD"]
    asked = {name for name, _ in parse_qsl(environ["QUERY_STRING"], keep_blank_values=True)}
    asked.discard("x-id")  # SDKs name the operation with it
    if not key:
        if method not in {"GET", "HEAD"} or asked - _LISTING:
            return False
        return _allows(bucket, "s3:ListBucket", bucket_name)
    action = _OBJECT_ACTIONS.get(method)
    if action is None or "HTTP_X_AMZ_COPY_SOURCE" in environ:
        return False
    if asked:
        if asked != {"versionId"} or method == "PUT":
            return False
        action += "Version"
    if any(name.startswith(("HTTP_X_AMZ_ACL", "HTTP_X_AMZ_GRANT")) for name in environ):
        return False
    if _allows(bucket, f"s3:{action}", f"{bucket_name}/{key}"):
        return True
    return action == "GetObject" and _acl_allows(bucket, key)


def _acl_allows(bucket: FakeBucket, key: str) -> bool:
    block = bucket.public_access_block
    if block is not None and _true(block.ignore_public_acls):
        return False
    found = bucket.keys.get(key)
    acl = getattr(found, "acl", None)
    if acl is None or not acl.public_read:
        return False
    return not _denies(bucket, "s3:GetObject", f"{bucket.name}/{key}")


def _allows(bucket: FakeBucket, action: str, resource: str) -> bool:
    block = bucket.public_access_block
    if block is not None and _true(block.restrict_public_buckets):
        return False
    if _denies(bucket, action, resource):
        return False
    return any(
        statement.get("Effect") == "Allow"
        and not statement.get("Condition")
        and _is_for_anybody(statement.get("Principal"))
        and _covers(statement, action, bucket, resource)
        for statement in _statements(bucket)
    )


def _denies(bucket: FakeBucket, action: str, resource: str) -> bool:
    return any(
        statement.get("Effect") == "Deny"
        and statement.get("Condition") != _OVER_PLAIN_HTTP
        and ("NotPrincipal" in statement or _is_for_anybody(statement.get("Principal")))
        and _covers(statement, action, bucket, resource)
        for statement in _statements(bucket)
    )


def _statements(bucket: FakeBucket) -> list[dict[str, Any]]:
    if bucket.policy is None:
        return []
    statements = json.loads(bucket.policy).get("Statement", [])
    return [statements] if isinstance(statements, dict) else statements


def _is_for_anybody(principal: Any) -> bool:
    if isinstance(principal, dict):
        return "*" in _texts(principal.get("AWS"))
    return bool(principal == "*")


def _covers(statement: dict[str, Any], action: str, bucket: FakeBucket, resource: str) -> bool:
    arn = f"arn:{bucket.partition}:s3:::{resource}"
    if "NotAction" in statement:
        of_action = not _any_matches(statement["NotAction"], action, re.IGNORECASE)
    else:
        of_action = _any_matches(statement.get("Action"), action, re.IGNORECASE)
    if "NotResource" in statement:
        return of_action and not _any_matches(statement["NotResource"], arn)
    return of_action and _any_matches(statement.get("Resource"), arn)


def _any_matches(patterns: Any, text: str, flags: int = 0) -> bool:
    return any(
        re.fullmatch(re.escape(one).replace(r"\*", ".*").replace(r"\?", "."), text, flags | re.DOTALL)
        for one in _texts(patterns)
    )


def _texts(given: Any) -> Collection[str]:
    return [given] if isinstance(given, str) else list(given or ())


def _true(flag: Any) -> bool:
    return str(flag).lower() == "true"
