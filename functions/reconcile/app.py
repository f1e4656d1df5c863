"""Reconcile: make the forecasts of all levels of a hierarchy agree."""

from typing import Any

from stepcast.pipeline import aws
from stepcast.pipeline.run import Run
from stepcast.pipeline.steps.reconcile import reconcile


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    run = Run.model_validate(event)
    return reconcile(run, s3=aws.client("s3")).model_dump(mode="json")
