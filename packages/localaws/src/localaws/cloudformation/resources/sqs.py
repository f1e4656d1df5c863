"""AWS::SQS: queues and their policies.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_SQS.html
"""

import json
from collections.abc import Mapping
from typing import Any

from localaws.cloudformation.resource import Cloud, Made, ResourceType, tag_map

__all__ = ["Queue", "QueuePolicy"]

_SETTINGS = (
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "DelaySeconds",
    "FifoQueue",
    "FifoThroughputLimit",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "RedriveAllowPolicy",
    "RedrivePolicy",
    "VisibilityTimeout",
)


class Queue(ResourceType):
    """A queue."""

    name = "AWS::SQS::Queue"
    honoured = frozenset({*_SETTINGS, "QueueName", "Tags"})
    harmless = frozenset({"KmsDataKeyReusePeriodSeconds", "KmsMasterKeyId", "SqsManagedSseEnabled"})
    replacing = frozenset({"FifoQueue", "QueueName"})
    named_by = "QueueName"
    longest_name = 75  # .fifo follows

    def create(self, cloud: Cloud, name: str, properties: Mapping[str, Any]) -> Made:
        attributes = _attributes(properties)
        if attributes.get("FifoQueue") == "true" and not name.endswith(".fifo"):
            name += ".fifo"
        if attributes.get("FifoQueue") == "false":
            del attributes["FifoQueue"]
        url = cloud.client("sqs").create_queue(
            QueueName=name, Attributes=attributes, tags=tag_map(properties.get("Tags"))
        )["QueueUrl"]
        return self._made(cloud, url)

    def update(
        self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any], before: Mapping[str, Any]
    ) -> Made:
        attributes = _attributes(properties)
        attributes.pop("FifoQueue", None)
        cloud.client("sqs").set_queue_attributes(QueueUrl=physical_id, Attributes=attributes)
        return self._made(cloud, physical_id)

    def delete(self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any]) -> None:
        sqs = cloud.client("sqs")
        try:
            sqs.delete_queue(QueueUrl=physical_id)
        except sqs.exceptions.QueueDoesNotExist:
            return

    @staticmethod
    def _made(cloud: Cloud, url: str) -> Made:
        name = url.rpartition("/")[2]
        return Made(url, {"Arn": cloud.arn("sqs", name), "QueueName": name, "QueueUrl": url})


def _attributes(properties: Mapping[str, Any]) -> dict[str, str]:
    made = {}
    for name in _SETTINGS:
        if name in properties:
            value = properties[name]
            if isinstance(value, bool):
                value = str(value).lower()
            made[name] = json.dumps(value) if isinstance(value, Mapping) else str(value)
    return made


class QueuePolicy(ResourceType):
    """Who may use queues."""

    name = "AWS::SQS::QueuePolicy"
    honoured = frozenset({"PolicyDocument", "Queues"})
    required = frozenset({"PolicyDocument", "Queues"})

    def create(self, cloud: Cloud, name: str, properties: Mapping[str, Any]) -> Made:
        return self.update(cloud, name, properties, {})

    def update(
        self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any], before: Mapping[str, Any]
    ) -> Made:
        policy = json.dumps(properties["PolicyDocument"])
        for queue in properties["Queues"]:
            cloud.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
        return Made(physical_id)

    def delete(self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any]) -> None:
        """Nothing: the policy is deleted with its queues."""
