"""PullKafka: files under train/ with what Lambda reads of a topic in Kafka."""

from typing import Any

from stepcast.connect.kafka.pull_kafka import pull_kafka
from stepcast.pipeline import aws


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    return pull_kafka(event, aws.environment, s3=aws.client("s3"))
