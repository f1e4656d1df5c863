"""AWS clients and settings: where functions meet the cloud. Only ``AWS_ENDPOINT_URL`` differs locally."""

import os
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from stepcast.pipeline.errors import ResourceNotFoundException

__all__ = ["client", "environment"]

# The client retries throttling and dropped connections; the state machine retries everything else.
RETRIES = Config(retries={"mode": "standard", "max_attempts": 5})

# A link that botocore signs by itself is of version 2, which buckets made since 2020 refuse.
PRESIGNED = Config(signature_version="s3v4")


@cache
def client(service: str) -> Any:
    """A boto3 client, created once per process, which Lambda keeps warm."""
    return boto3.client(service, config=RETRIES.merge(PRESIGNED) if service == "s3" else RETRIES)


def environment(name: str) -> str:
    """A setting that template.yaml passes to the function."""
    if name not in os.environ:
        what = f"the function has no environment variable {name}: deploy the unmodified template.yaml"
        raise ResourceNotFoundException(what)
    return os.environ[name]
