"""MonitorDrift: compare new values with their forecasts."""

from typing import Any

from stepcast.pipeline import aws
from stepcast.pipeline.run import Run
from stepcast.pipeline.steps.monitor_drift import monitor_drift


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    run = Run.model_validate(event)
    s3, cloudwatch = aws.client("s3"), aws.client("cloudwatch")
    arn = aws.environment("ARN_PREFIX")
    return monitor_drift(run, s3=s3, cloudwatch=cloudwatch, arn=arn).model_dump(mode="json")
