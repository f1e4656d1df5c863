"""UpdateAthena: point the SQL tables at the new vintage, and move the previous one to history."""

from typing import Any

from stepcast.pipeline import aws
from stepcast.pipeline.run import Run
from stepcast.pipeline.steps.update_athena import update_athena


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    run = Run.model_validate(event)
    database = aws.environment("DATABASE_NAME")
    return update_athena(run, s3=aws.client("s3"), database=database).model_dump(mode="json")
