"""StartExecution: an S3 event starts the run for the bucket's current input."""

from datetime import datetime
from typing import Any

from stepcast.pipeline import aws
from stepcast.pipeline.steps.start_execution import start_execution

LOOKED: dict[str, datetime] = {}  # kept between invocations of a warm function


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    return start_execution(
        event,
        s3=aws.client("s3"),
        states=aws.client("stepfunctions"),
        state_machine=aws.environment("STATE_MACHINE_ARN"),
        settle_seconds=int(aws.environment("SETTLE_SECONDS")),
        looked=LOOKED,
    ).model_dump(mode="json")
