"""PullPrometheus: append to a file under train/ what a Prometheus has measured since the last time."""

from typing import Any

from stepcast.connect.prometheus.pull_prometheus import pull_prometheus
from stepcast.pipeline import aws


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    return pull_prometheus(aws.environment, s3=aws.client("s3"), secrets=aws.client("secretsmanager"))
