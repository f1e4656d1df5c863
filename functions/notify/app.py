"""Notify: report how the run ended."""

from typing import Any

from stepcast.pipeline import aws
from stepcast.pipeline.report_link import link_kind
from stepcast.pipeline.steps.notify import Ending, notify


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    ending = Ending.model_validate(event)
    clients = {"s3": aws.client("s3"), "sns": aws.client("sns")}
    topic = aws.environment("TOPIC_ARN")
    return notify(ending, **clients, topic=topic, link=link_kind()).model_dump(mode="json")
