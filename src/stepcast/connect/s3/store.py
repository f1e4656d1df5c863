"""A bucket in an S3-compatible store: its address, its credentials, and whether it keeps versions."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ProfileNotFound

__all__ = ["Store", "StoreUnusable", "find_store"]

DEFAULT_REGION = "us-east-1"  # accepted by nearly every store
NO_SUCH = ("404", "NoSuchBucket")
DENIED = ("401", "403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch")


class StoreUnusable(Exception):
    """The store or its bucket cannot be used; the message says what to change."""


@dataclass(frozen=True)
class Store:
    """One bucket in a store.

    ``credentials``  botocore's, refreshed automatically if possible; never part of a message.
    ``versions``     whether old versions of objects are kept.
    ``made``         whether the bucket was missing and has been created.
    """

    url: str
    bucket: str
    region: str
    credentials: Any = field(repr=False)
    versions: bool = False
    made: bool = False


def find_store(url: str, bucket: str) -> Store:
    """Find ``bucket`` in the store at ``url``, with credentials from the environment or a profile.

    A missing bucket is created with versioning on; an existing one keeps its settings.

    Raises:
        StoreUnusable: the store cannot be reached or refuses access.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise StoreUnusable(f"{url!r} is not the address of a store: write http://HOST:PORT or https://HOST")
    if parts.username or parts.password:
        raise StoreUnusable(
            "the address of the store contains credentials, which other programs can read: give them as "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile as AWS_PROFILE"
        )
    try:
        session = boto3.session.Session()
        credentials, region = session.get_credentials(), session.region_name or DEFAULT_REGION
    except ProfileNotFound as error:
        raise StoreUnusable(f"AWS_PROFILE names an unknown profile: {error}") from None
    if credentials is None:
        raise StoreUnusable(
            f"no credentials for the store at {url}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
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
        return False  # the store does not support versioning


def _explained(error: ClientError, url: str, bucket: str) -> str:
    answer = error.response["Error"]
    if answer["Code"] in DENIED:
        return (
            f"the store at {url} denies these credentials {error.operation_name} on s3://{bucket} "
            f"({answer['Code']}): check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile, and "
            "their permissions"
        )
    return f"the store at {url} answered {answer['Code']} to {error.operation_name} on s3://{bucket}"
