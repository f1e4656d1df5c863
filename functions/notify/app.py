"""Notify: report how the run ended."""

import os
from typing import Any

from stepcast.pipeline import aws
from stepcast.pipeline.steps.notify import Ending, notify


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    ending = Ending.model_validate(event)
    topic, link = aws.environment("TOPIC_ARN"), os.environ.get("REPORT_LINK", "none")
    clients = {"s3": aws.client("s3"), "sns": aws.client("sns")}
    return notify(ending, **clients, topic=topic, link=link, page=_page(link)).model_dump(mode="json")


def _page(link: str) -> Any:
    """What writes the report; imported only where one is written."""
    if link == "none":
        return None
    from stepcast.console.report import vintage_page

    return vintage_page
