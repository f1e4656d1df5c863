"""UpdateAthena: point the SQL tables at the new vintage, and move the previous one to history."""

from typing import Any

from stepcast.pipeline import aws
from stepcast.pipeline.report_link import link_kind, write_report
from stepcast.pipeline.run import Run
from stepcast.pipeline.steps.update_athena import update_athena


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    run = Run.model_validate(event)
    database = aws.environment("DATABASE_NAME")
    published = update_athena(run, s3=aws.client("s3"), database=database)
    write_report(aws.client("s3"), published, page, link_kind())
    return published.model_dump(mode="json")


def page(*vintage: Any) -> str:
    """The report, by what is imported only where one is written."""
    from stepcast.console.report import vintage_page

    return vintage_page(*vintage)
