"""PutObject of a body with nothing but its type and checksum, stored without moto's web application.

As in ``plain_get``: any other request goes to moto, and a test compares the two.
"""

import uuid
from collections.abc import Callable, Iterable
from typing import Any

from moto.s3.models import s3_backends
from moto.s3.utils import metadata_from_headers

from localaws.s3.intake import BODY
from localaws.s3.plain_get import addressed

__all__ = ["OPERATION", "plain_put"]

Environ = dict[str, Any]

OPERATION = "localaws.operation"  # in the environ: what moto would have found, and its parameters

_QUERIES = {"", "x-id=PutObject"}
_ALGORITHMS = ("CRC32", "SHA1", "SHA256")
_HEADERS = {  # those that do not affect the object, and its checksum
    "HTTP_ACCEPT",
    "HTTP_ACCEPT_ENCODING",
    "HTTP_AMZ_SDK_INVOCATION_ID",
    "HTTP_AMZ_SDK_REQUEST",
    "HTTP_AUTHORIZATION",
    "HTTP_CONNECTION",
    "HTTP_EXPECT",
    "HTTP_HOST",
    "HTTP_USER_AGENT",
    "HTTP_X_AMZ_CONTENT_SHA256",
    "HTTP_X_AMZ_DATE",
    "HTTP_X_AMZ_SDK_CHECKSUM_ALGORITHM",
    "HTTP_X_AMZ_SECURITY_TOKEN",
    *(f"HTTP_X_AMZ_CHECKSUM_{algorithm}" for algorithm in _ALGORITHMS),
}


def plain_put(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes] | None:
    """Store the body that the intake has received, or return None when moto must."""
    algorithm = environ.get("HTTP_X_AMZ_SDK_CHECKSUM_ALGORITHM", "")
    if (
        BODY not in environ
        or environ.get("QUERY_STRING", "") not in _QUERIES
        or environ.get("localaws.access_key") is None
        or (algorithm and algorithm not in _ALGORITHMS)
        or not {name for name in environ if name.startswith("HTTP_")} <= _HEADERS
    ):
        return None
    found = addressed(environ)
    if found is None or found[0].object_lock_enabled:
        return None
    bucket, name = found
    checksum = environ.get(f"HTTP_X_AMZ_CHECKSUM_{algorithm}") if algorithm else None
    described = {
        "Content-Type": environ.get("CONTENT_TYPE"),
        "x-amz-content-sha256": environ.get("HTTP_X_AMZ_CONTENT_SHA256"),
    }
    backend = s3_backends[bucket.account_id][bucket.partition]
    key = backend.put_object(bucket.name, name, environ[BODY], storage="STANDARD", checksum_value=checksum)
    key.set_metadata(metadata_from_headers({header: value for header, value in described.items() if value}))
    key.set_acl(bucket.acl)
    if algorithm:
        key.checksum_algorithm = algorithm
    backend.tagger.delete_all_tags_for_resource(key.arn)
    headers = {**key.response_dict, "content-length": "0", "x-amzn-requestid": uuid.uuid4().hex}
    if checksum:
        headers[f"x-amz-checksum-{algorithm.lower()}"] = checksum
    environ[OPERATION] = "PutObject", {"Bucket": bucket.name, "Key": name}
    start_response("200 OK", [(header, str(value)) for header, value in headers.items()])
    return [b""]
