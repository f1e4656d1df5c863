"""AWS::Logs: log groups and metric filters.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_Logs.html
"""

from collections.abc import Mapping
from typing import Any

from localaws.cloudformation.resource import Cloud, Made, ResourceType, tag_map

__all__ = ["LogGroup", "MetricFilter"]


class LogGroup(ResourceType):
    """A log group. Its retention is stored; nothing expires."""

    name = "AWS::Logs::LogGroup"
    honoured = frozenset({"LogGroupName", "RetentionInDays", "Tags"})
    harmless = frozenset(
        {
            "DataProtectionPolicy",
            "DeletionProtectionEnabled",
            "FieldIndexPolicies",
            "KmsKeyId",
            "LogGroupClass",
        }
    )
    replacing = frozenset({"LogGroupName"})
    named_by = "LogGroupName"
    longest_name = 512

    def create(self, cloud: Cloud, name: str, properties: Mapping[str, Any]) -> Made:
        cloud.client("logs").create_log_group(logGroupName=name, tags=tag_map(properties.get("Tags")))
        return self.update(cloud, name, properties, {})

    def update(
        self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any], before: Mapping[str, Any]
    ) -> Made:
        logs = cloud.client("logs")
        if "RetentionInDays" in properties:
            days = int(properties["RetentionInDays"])
            logs.put_retention_policy(logGroupName=physical_id, retentionInDays=days)
        elif "RetentionInDays" in before:
            logs.delete_retention_policy(logGroupName=physical_id)
        return Made(physical_id, {"Arn": cloud.arn("logs", f"log-group:{physical_id}:*")})

    def delete(self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any]) -> None:
        logs = cloud.client("logs")
        try:
            logs.delete_log_group(logGroupName=physical_id)
        except logs.exceptions.ResourceNotFoundException:
            return


class MetricFilter(ResourceType):
    """A filter that would turn log lines into metrics. It is stored; no metric is created."""

    name = "AWS::Logs::MetricFilter"
    honoured = frozenset({"FilterName", "FilterPattern", "LogGroupName", "MetricTransformations"})
    harmless = frozenset({"ApplyOnTransformedLogs"})
    required = frozenset({"FilterPattern", "LogGroupName", "MetricTransformations"})
    replacing = frozenset({"FilterName", "LogGroupName"})
    named_by = "FilterName"
    longest_name = 512

    def create(self, cloud: Cloud, name: str, properties: Mapping[str, Any]) -> Made:
        return self.update(cloud, name, properties, {})

    def update(
        self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any], before: Mapping[str, Any]
    ) -> Made:
        transformations = [
            {
                "metricName": entry["MetricName"],
                "metricNamespace": entry["MetricNamespace"],
                "metricValue": str(entry["MetricValue"]),
            }
            for entry in properties["MetricTransformations"]
        ]
        cloud.client("logs").put_metric_filter(
            logGroupName=properties["LogGroupName"],
            filterName=physical_id,
            filterPattern=properties["FilterPattern"],
            metricTransformations=transformations,
        )
        return Made(physical_id)

    def delete(self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any]) -> None:
        logs = cloud.client("logs")
        try:
            logs.delete_metric_filter(logGroupName=properties["LogGroupName"], filterName=physical_id)
        except logs.exceptions.ResourceNotFoundException:
            return
