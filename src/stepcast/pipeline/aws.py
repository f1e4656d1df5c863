"""AWS clients and settings: where functions meet the cloud. Only ``AWS_ENDPOINT_URL`` differs locally."""

import os
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from stepcast.pipeline.errors import ResourceNotFoundException

__all__ = ["client", "environment"]

# Throttling and dropped connections are the client's to retry; what is left is the state machine's.
RETRIES = Config(retries={"mode": "standard", "max_attempts": 5})


@cache
def client(service: str) -> Any:
    """A boto3 client, made once a process: Lambda keeps it warm."""
    return boto3.client(service, config=RETRIES)


def environment(name: str) -> str:
    """A setting that template.yaml gives the function."""
    if name not in os.environ:
        what = f"the function has no environment variable {name}: deploy the unmodified template.yaml"
        raise ResourceNotFoundException(what)
    return os.environ[name]
