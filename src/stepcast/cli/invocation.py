"""Calling one function of the stack, and making the stack in which a recorded event finds what it needs."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from stepcast.cli.failure import Failure
from stepcast.cli.project import Project
from stepcast.cli.stack import Stack, private
from stepcast.pipeline import layout, objects

__all__ = ["Invocation", "call", "prepared"]

# Invoking StartExecution starts a run; it must not begin to work on what the invoked step works on.
NEVER = "3600"  # seconds


@dataclass(frozen=True)
class Invocation:
    """What came of a call; ``error`` names the exception and its message, None where it went well."""

    result: Any
    error: str | None
    log: str


def call(stack: Stack, function: str, event: Any) -> Invocation:
    """Invoke a function by its logical id and wait for its answer."""
    answer = stack.client("lambda").invoke(
        FunctionName=stack.function(function), Payload=json.dumps(event).encode(), LogType="Tail"
    )
    result = json.loads(answer["Payload"].read() or b"null")
    log = base64.b64decode(answer.get("LogResult", "")).decode("utf-8", "replace")
    if "FunctionError" not in answer:
        return Invocation(result, None, log)
    kind, message = result.get("errorType", "error"), result.get("errorMessage", "no message")
    return Invocation(result, f"{function} failed with {kind}: {message}", log)


@contextmanager
def prepared(project: Project, function: str) -> Iterator[Stack]:
    """A stack with params.json and testing-data/train in its bucket, after the steps before ``function``."""
    with private(project, SettleSeconds=NEVER) as stack:
        stack.function(function)  # a wrong name is said before anything is done
        # The upload would start a run by itself.
        stack.s3.put_bucket_notification_configuration(Bucket=stack.bucket, NotificationConfiguration={})
        for path in project.train:
            stack.s3.upload_file(str(path), stack.bucket, f"{layout.TRAIN}{path.name}")
        stack.s3.upload_file(str(project.params), stack.bucket, layout.PARAMS)
        steps = project.steps()
        for step in steps[: steps.index(function)] if function in steps else ():
            for event in _of_every_shard(stack, project.event(step)):
                invocation = call(stack, step, event)
                if invocation.error is not None:
                    raise Failure(f"{function} needs the steps before it, but {invocation.error}")
        yield stack


def _of_every_shard(stack: Stack, event: dict[str, Any]) -> list[dict[str, Any]]:
    """The events that a Map state makes of its shards; other states have one event, as it is recorded."""
    if "shard" not in event:
        return [event]
    entries = objects.read_json(stack.s3, stack.bucket, layout.shard_list(event["run"]))
    return [{**event, "shard": entry["shard"]} for entry in entries]
