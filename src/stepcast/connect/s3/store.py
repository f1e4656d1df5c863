"""A bucket in an S3-compatible store: where it is, with which keys it is reached, what it can do."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ProfileNotFound

__all__ = ["Store", "StoreUnusable", "find_store"]

DEFAULT_REGION = "us-east-1"  # what nearly every store takes
NO_SUCH = ("404", "NoSuchBucket")
DENIED = ("401", "403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch")


class StoreUnusable(Exception):
    """The store, or the bucket in it, cannot be worked with; the message says what to change."""


@dataclass(frozen=True)
class Store:
    """One bucket of a store.

    ``credentials``  botocore's, which renew themselves where they can; they are in no message.
    ``versions``     whether it keeps old versions of objects.
    ``made``         whether it was not there and has been made.
    """

    url: str
    bucket: str
    region: str
    credentials: Any = field(repr=False)
    versions: bool = False
    made: bool = False


def find_store(url: str, bucket: str) -> Store:
    """The bucket in the store at ``url``, with the keys of the environment or of a profile.

    One that is not there is made, with versions. A bucket that is there stays as it is.
    Raises StoreUnusable.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise StoreUnusable(f"{url!r} is no address of a store: write http://HOST:PORT or https://HOST")
    if parts.username or parts.password:
        raise StoreUnusable(
            "the address of the store has keys in it, which other programs can read: give them as "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile as AWS_PROFILE"
        )
    try:
        session = boto3.session.Session()
        credentials, region = session.get_credentials(), session.region_name or DEFAULT_REGION
    except ProfileNotFound as error:
        raise StoreUnusable(f"the profile of AWS_PROFILE is unknown: {error}") from None
    if credentials is None:
        raise StoreUnusable(
            f"there are no keys for the store at {url}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
            "AWS_PROFILE"
        )
    settings = Config(
        s3={"addressing_style": "path"},
        connect_timeout=10,
        proxies={},
        retries={"mode": "standard", "max_attempts": 3},
    )
    s3 = session.client("s3", endpoint_url=url, region_name=region, config=settings)
    try:
        made = _make_if_missing(s3, bucket)
        versions = _keeps_versions(s3, bucket)
    except ClientError as error:
        raise StoreUnusable(_explained(error, url, bucket)) from None
    except BotoCoreError as error:
        raise StoreUnusable(f"the store at {url} does not answer: {error}") from None
    finally:
        s3.close()
    return Store(url.rstrip("/"), bucket, region, credentials, versions, made)


def _make_if_missing(s3: Any, bucket: str) -> bool:
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] not in NO_SUCH:
            raise
        s3.create_bucket(Bucket=bucket)
        try:
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        except ClientError as refused:
            if refused.response["Error"]["Code"] in DENIED:
                raise
        return True
    return False


def _keeps_versions(s3: Any, bucket: str) -> bool:
    try:
        return bool(s3.get_bucket_versioning(Bucket=bucket).get("Status") == "Enabled")
    except ClientError as error:
        if error.response["Error"]["Code"] in DENIED:
            raise
        return False  # a store without versions


def _explained(error: ClientError, url: str, bucket: str) -> str:
    answer = error.response["Error"]
    if answer["Code"] in DENIED:
        return (
            f"the store at {url} does not let these keys {error.operation_name} s3://{bucket} "
            f"({answer['Code']}): check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile, and "
            "what they may do there"
        )
    return f"the store at {url} answered {answer['Code']} to {error.operation_name} of s3://{bucket}"
