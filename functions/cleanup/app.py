"""Cleanup: remove what the run leaves behind."""

from typing import Any

from stepcast.pipeline import aws
from stepcast.pipeline.steps.cleanup import CleanupRun, cleanup


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    run = CleanupRun.model_validate(event)
    return cleanup(run, s3=aws.client("s3")).model_dump(mode="json")
