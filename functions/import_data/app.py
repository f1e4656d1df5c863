"""ImportData: validate the files, store their rows for SQL and their series in shards."""

from typing import Any

from stepcast.pipeline import aws
from stepcast.pipeline.run import Run
from stepcast.pipeline.steps.import_data import import_data


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    run = Run.model_validate(event)
    return import_data(run, s3=aws.client("s3")).model_dump(mode="json")
