"""TemplateURL: a template in this endpoint's own S3.

moto takes the first part of the host for the bucket, unless the URL says localhost (moto 5.2.5,
cloudformation/utils.py, get_stack_from_s3_url): with the endpoint that localaws prints it looks for a bucket
called 127.
"""

import ipaddress
import re
from contextlib import ExitStack
from urllib.parse import parse_qs, unquote, urlsplit

import moto.cloudformation.responses as responses
from moto.cloudformation.exceptions import ValidationError
from moto.s3.exceptions import S3ClientError
from moto.s3.models import s3_backends

from localaws.patching import replace

__all__ = ["bucket_and_key", "patch"]

_OF_AWS = re.compile(r"^(?:(?P<bucket>.+)\.)?s3(?:[.-][a-z0-9.-]+)?\.amazonaws\.com(?:\.cn)?$")


def bucket_and_key(url: str) -> tuple[str, str, str | None]:
    """Bucket, key and version (None for the newest) that a TemplateURL names.

    >>> bucket_and_key("http://127.0.0.1:5005/mine/a%20b.yaml?versionId=7")
    ('mine', 'a b.yaml', '7')
    >>> bucket_and_key("https://s3.eu-west-1.amazonaws.com/mine/t.yaml")
    ('mine', 't.yaml', None)
    >>> bucket_and_key("https://my.bucket.s3.us-west-2.amazonaws.com/folder/t.yaml")
    ('my.bucket', 'folder/t.yaml', None)

    Raises:
        ValueError: the URL names no object of S3.
    """
    parts = urlsplit(url)
    host, path = parts.hostname or "", unquote(parts.path.lstrip("/"))
    version = parse_qs(parts.query).get("versionId", [None])[0]
    if parts.scheme not in {"http", "https"}:
        raise ValueError(url)
    if of_aws := _OF_AWS.match(host):
        bucket = of_aws["bucket"]
    elif host.endswith(".localhost"):
        bucket = host.removesuffix(".localhost").removesuffix(".s3")
    elif "." not in host or host == "host.docker.internal" or _is_address(host):
        bucket = None
    else:
        raise ValueError(url)
    if bucket is None:
        bucket, _, path = path.partition("/")
    if not bucket or not path:
        raise ValueError(url)
    return bucket, path, version


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _template_at(template_url: str, account_id: str, partition: str) -> str:
    try:
        bucket, key, version = bucket_and_key(template_url)
    except ValueError:
        raise ValidationError(
            message=f"TemplateURL must be a supported URL: {template_url!r} names no object of this "
            "endpoint; write ENDPOINT/BUCKET/KEY or https://BUCKET.s3.REGION.amazonaws.com/KEY"
        ) from None
    try:
        found = s3_backends[account_id][partition].get_object(bucket, key, version)
    except S3ClientError as error:
        raise ValidationError(message=f"S3 error: {error.message} ({template_url})") from error
    if found is None:
        raise ValidationError(message=f"S3 error: The specified key does not exist. ({template_url})")
    try:
        return bytes(found.value).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValidationError(
            message=f"Template format error: {template_url} is not UTF-8: {error}"
        ) from error


def patch(undo: ExitStack) -> None:
    """Read the object of a TemplateURL from this endpoint's buckets, without a request."""
    replace(undo, responses, "get_stack_from_s3_url", _template_at)
