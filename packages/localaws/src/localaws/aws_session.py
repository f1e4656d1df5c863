"""Boto3 that knows only this endpoint, regardless of the user's environment and ~/.aws.

A profile that does not exist, a proxy or settings for the real AWS must not affect how localaws calls
itself.
"""

import difflib
import os
import secrets
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from functools import cache
from typing import Any, NamedTuple

import boto3
import botocore.session
from botocore.config import Config

from localaws.patching import replace

__all__ = ["INTERNAL", "UnknownRegion", "aws_session", "check_region", "make_client", "patch"]


class _Keys(NamedTuple):
    access_key: str
    secret: str


# Of this process: what localaws signs its own requests with. Both are random, so that a URL that an earlier
# process presigned has an unknown key, not a wrong signature.
INTERNAL = _Keys(f"localaws-{secrets.token_hex(4)}", secrets.token_urlsafe(30))

_one_by_one = threading.Lock()  # a session is not safe to share between threads; its clients are

_NOTHING_OF_THE_USERS: dict[str, Any] = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


class UnknownRegion(ValueError):
    """There is no such region: moto supports the regions of botocore."""

    def __init__(self, region: str, close: str) -> None:
        super().__init__(region, close)
        self.region, self.close = region, close

    def __str__(self) -> str:
        return f"there is no region {self.region!r}: did you mean {self.close}?"


def check_region(region: str) -> None:
    """Raise UnknownRegion where AWS has none of that name."""
    if region == "us-east-1":
        return  # the list takes a tenth of a second to read
    session = aws_session("us-east-1")
    known = [
        name
        for partition in session.get_available_partitions()
        for name in session.get_available_regions("s3", partition)
    ]
    if region not in known:
        raise UnknownRegion(region, difflib.get_close_matches(region, known, n=1, cutoff=0)[0])


@cache
def aws_session(region: str) -> Any:
    """A session with this process's keys. It keeps the services' models, which take 0.1 s each to read."""
    return boto3.session.Session(
        aws_access_key_id=INTERNAL.access_key,
        aws_secret_access_key=INTERNAL.secret,
        region_name=region,
        botocore_session=botocore.session.Session(session_vars=_NOTHING_OF_THE_USERS),
    )


def make_client(
    service: str, endpoint: str, region: str, credentials: Mapping[str, str] | None = None, **settings: Any
) -> Any:
    """A client of ``endpoint``, without a proxy or retries.

    ``credentials`` are boto3's keyword arguments for them: without, the administrator's.
    """
    config = Config(
        **{
            "retries": {"total_max_attempts": 1},
            "s3": {"addressing_style": "path"},
            "max_pool_connections": 50,
            "proxies": {},
            **settings,
        }
    )
    with _one_by_one:
        return aws_session(region).client(
            service, endpoint_url=endpoint, config=config, **(credentials or {})
        )


def patch(undo: ExitStack) -> None:
    """Let moto read the regions and services from this session, not from one with the user's settings."""
    from moto.core import utils
    from moto.core.base_backend import AccountSpecificBackend

    session = aws_session("us-east-1")
    replace(undo, AccountSpecificBackend, "get_session", lambda: session)
    replace(undo, utils, "Session", lambda: session)
