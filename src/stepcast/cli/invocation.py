"""Invokes one function of the stack."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from stepcast.cli.stack import Stack

__all__ = ["Invocation", "call", "without_trigger"]


@dataclass(frozen=True)
class Invocation:
    """The result of a call; ``error`` has the exception and its message, None on success."""

    result: Any
    error: str | None
    log: str


def call(stack: Stack, function: str, event: Any) -> Invocation:
    """Invoke a function and wait for its result."""
    answer = stack.client("lambda", patient=True).invoke(
        FunctionName=stack.function(function), Payload=json.dumps(event).encode(), LogType="Tail"
    )
    result = json.loads(answer["Payload"].read() or b"null")
    log = base64.b64decode(answer.get("LogResult", "")).decode("utf-8", "replace")
    if "FunctionError" not in answer:
        return Invocation(result, None, log)
    kind, message = result.get("errorType", "error"), result.get("errorMessage", "no message")
    return Invocation(result, f"{function} failed with {kind}: {message}", log)


@contextmanager
def without_trigger(stack: Stack) -> Iterator[None]:
    """Uploads in this context trigger nothing, because S3 sends no notifications."""
    s3, bucket = stack.s3, stack.bucket
    before = s3.get_bucket_notification_configuration(Bucket=bucket)
    before.pop("ResponseMetadata", None)
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    try:
        yield
    finally:
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=before)
