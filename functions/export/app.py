"""Export: the forecast and its backtest as files, the accuracy as metrics."""

import os
from typing import Any

from stepcast.pipeline import aws
from stepcast.pipeline.run import Run
from stepcast.pipeline.steps.export import export


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    run = Run.model_validate(event)
    clients = {"s3": aws.client("s3"), "cloudwatch": aws.client("cloudwatch")}
    return export(run, **clients, commit=os.environ.get("COMMIT", "")).model_dump(mode="json")
