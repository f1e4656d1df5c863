"""Export: the forecast and its backtest as files, the accuracy as metrics."""

from typing import Any

from stepcast.pipeline import aws
from stepcast.pipeline.run import Run
from stepcast.pipeline.steps.export import export


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    run = Run.model_validate(event)
    return export(run, s3=aws.client("s3"), cloudwatch=aws.client("cloudwatch")).model_dump(mode="json")
