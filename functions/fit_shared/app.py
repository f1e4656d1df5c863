"""FitShared: tune parameters, and fit what all shards share, once, on a bounded sample of them all."""

from typing import Any

from stepcast.connect import keras
from stepcast.pipeline import aws
from stepcast.pipeline.run import Run
from stepcast.pipeline.steps.fit_shared import fit_shared

keras.register()  # here, because the engine imports no connector: docs/decisions/0019


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    run = Run.model_validate(event)
    return fit_shared(
        run, s3=aws.client("s3"), seconds_left=lambda: context.get_remaining_time_in_millis() / 1000
    ).model_dump(mode="json")
