"""CreateDataset: check params.json and describe the dataset group and its datasets."""

from typing import Any

from stepcast.pipeline import aws
from stepcast.pipeline.run import Run
from stepcast.pipeline.steps.create_dataset import create_dataset


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    run, execution = Run.model_validate(event), event.get("execution")
    return create_dataset(run, s3=aws.client("s3"), execution=execution).model_dump(mode="json")
