"""Forecast: the requested quantiles of every series in one shard."""

from typing import Any

from stepcast.pipeline import aws
from stepcast.pipeline.run import ShardRun
from stepcast.pipeline.steps.forecast import forecast


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    run = ShardRun.model_validate(event)
    return forecast(run, s3=aws.client("s3")).model_dump(mode="json")
