"""Requests to S3: their actions, buckets and keys.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html and
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote
from xml.etree import ElementTree

from moto.s3.responses import S3Response
from moto.s3.utils import bucket_name_from_url

from localaws.gate.post_policy import FORM
from localaws.iam.calls import Call
from localaws.iam.evaluation import Access
from localaws.iam.refusals import Refused

__all__ = ["accesses", "bucket_and_key"]

# What a bucket's ?name reads and writes; s3:Get... and s3:Put... come before it.
_BUCKET = {
    "accelerate": "AccelerateConfiguration",
    "acl": "BucketAcl",
    "analytics": "AnalyticsConfiguration",
    "cors": "BucketCORS",
    "encryption": "EncryptionConfiguration",
    "intelligent-tiering": "IntelligentTieringConfiguration",
    "inventory": "InventoryConfiguration",
    "lifecycle": "LifecycleConfiguration",
    "location": "BucketLocation",
    "logging": "BucketLogging",
    "metrics": "MetricsConfiguration",
    "notification": "BucketNotification",
    "object-lock": "BucketObjectLockConfiguration",
    "ownershipControls": "BucketOwnershipControls",
    "policy": "BucketPolicy",
    "policyStatus": "BucketPolicyStatus",
    "publicAccessBlock": "BucketPublicAccessBlock",
    "replication": "ReplicationConfiguration",
    "requestPayment": "BucketRequestPayment",
    "tagging": "BucketTagging",
    "versioning": "BucketVersioning",
    "website": "BucketWebsite",
}
_DELETED_BY_ITS_OWN_ACTION = {"policy", "website"}
_OBJECT = {"acl": "ObjectAcl", "tagging": "ObjectTagging"}
_OBJECT_LOCK = {"retention": "ObjectRetention", "legal-hold": "ObjectLegalHold"}
_CONDITION_HEADERS = (
    "x-amz-acl",
    "x-amz-copy-source",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-storage-class",
)
_GRANTS = ("full-control", "read", "read-acp", "write", "write-acp")
_KEY_IN_XML = re.compile(r"\{[^}]*\}")


def bucket_and_key(call: Call) -> tuple[str, str]:
    """The bucket and the key that a request names, by its path or by its host, as moto reads them."""
    host = (call.header("Host") or "").lower()
    path = call.path.removeprefix("/")
    if S3Response.subdomain_based_buckets(_Headers({"host": host})):
        return str(bucket_name_from_url(f"http://{host}/") or ""), path
    bucket, _, key = path.partition("/")
    return bucket, key


@dataclass(frozen=True)
class _Headers:
    """As much of a request as moto looks at."""

    headers: dict[str, str]


def accesses(call: Call) -> list[Access]:
    """What the request needs, one access after another.

    Raises:
        Refused: it contains a form, whose fields moto would read as the query.
    """
    if call.environ.get(FORM):
        return []  # whoever signed the form is asked when it is read: gate/post_policy.py
    if call.brings_a_form and call.method != "PUT":
        raise Refused(
            400, "InvalidRequest", "a request to S3 that is signed in its headers must not contain a form"
        )
    bucket, key = bucket_and_key(call)
    if not bucket:
        return [Access("s3:ListAllMyBuckets", "*")]
    arn = f"arn:aws:s3:::{bucket}"
    if not key:
        return _on_bucket(call, arn)
    return _on_object(call, arn, key)


def _on_bucket(call: Call, arn: str) -> list[Access]:
    query, method = call.query, call.method
    for name, what in _BUCKET.items():
        if name in query:
            if method == "DELETE" and name in _DELETED_BY_ITS_OWN_ACTION:
                return [Access(f"s3:Delete{what}", arn)]
            return [Access(f"s3:{'Get' if method in {'GET', 'HEAD'} else 'Put'}{what}", arn)]
    if method == "POST":
        if "delete" in query:
            return [
                Access(f"s3:DeleteObject{'Version' if version else ''}", f"{arn}/{key}", _version(version))
                for key, version in _to_delete(call.body)
            ]
        return [Access("s3:PutObject", f"{arn}/*")]  # a form: its key comes with the body
    if method in {"GET", "HEAD"}:
        if "uploads" in query:
            return [Access("s3:ListBucketMultipartUploads", arn)]
        listed = {
            f"s3:{name}": (query[name],) for name in ("prefix", "delimiter", "max-keys") if query.get(name)
        }
        if method == "GET":
            listed.setdefault("s3:prefix", (query.get("prefix", ""),))
        return [Access("s3:ListBucketVersions" if "versions" in query else "s3:ListBucket", arn, listed)]
    return [Access("s3:DeleteBucket" if method == "DELETE" else "s3:CreateBucket", arn)]


def _on_object(call: Call, bucket: str, key: str) -> list[Access]:
    query, method, arn = call.query, call.method, f"{bucket}/{key}"
    version = query.get("versionId", "")
    of_version = "Version" if version else ""
    context = _version(version)
    for name, what in _OBJECT.items():
        if name in query:
            verb = {"GET": "Get", "HEAD": "Get", "DELETE": "Delete"}.get(method, "Put")
            made = f"s3:{verb}{what.replace('Object', f'Object{of_version}')}"
            return [Access(made, arn, context)]
    for name, what in _OBJECT_LOCK.items():
        if name in query:
            return [Access(f"s3:{'Get' if method in {'GET', 'HEAD'} else 'Put'}{what}", arn)]
    if method in {"GET", "HEAD"}:
        if "uploadId" in query:
            return [Access("s3:ListMultipartUploadParts", arn)]
        read = Access(f"s3:GetObject{of_version}", arn, context)
        if "attributes" in query:
            return [read, Access(f"s3:GetObject{of_version}Attributes", arn, context)]
        return [read]
    if method == "DELETE":
        if "uploadId" in query:
            return [Access("s3:AbortMultipartUpload", arn)]
        return [Access(f"s3:DeleteObject{of_version}", arn, context)]
    if method == "POST" and "restore" in query:
        return [Access("s3:RestoreObject", arn)]
    if method == "POST" and "select" in query:
        return [Access("s3:GetObject", arn)]
    return _written(call, arn)


def _written(call: Call, arn: str) -> list[Access]:
    headers = {f"s3:{name}": (value,) for name in _CONDITION_HEADERS if (value := call.header(name))}
    needed = [Access("s3:PutObject", arn, headers)]
    if source := call.header("x-amz-copy-source"):
        path, _, version = unquote(source).removeprefix("/").partition("?versionId=")
        read = f"s3:GetObject{'Version' if version else ''}"
        needed.insert(0, Access(read, f"arn:aws:s3:::{path}", _version(version)))
    if call.header("x-amz-tagging"):
        needed.append(Access("s3:PutObjectTagging", arn))
    if call.header("x-amz-acl") or any(call.header(f"x-amz-grant-{grant}") for grant in _GRANTS):
        needed.append(Access("s3:PutObjectAcl", arn, headers))
    return needed


def _version(version: str) -> dict[str, tuple[str, ...]]:
    return {"s3:versionid": (version,)} if version else {}


def _to_delete(body: bytes) -> list[tuple[str, str]]:
    try:
        root = ElementTree.fromstring(body)  # noqa: S314 - entities of expat's are bounded, and none is fetched
    except ElementTree.ParseError:
        return []  # S3 refuses it
    found = []
    for element in root:
        fields = {_KEY_IN_XML.sub("", child.tag): child.text or "" for child in element}
        if "Key" in fields:
            found.append((fields["Key"], fields.get("VersionId", "")))
    return found
