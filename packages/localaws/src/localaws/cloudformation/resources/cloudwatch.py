"""AWS::CloudWatch: alarms and dashboards. They are stored; alarms do not fire.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_CloudWatch.html
"""

from collections.abc import Mapping
from typing import Any

from localaws.cloudformation.resource import Cloud, Made, ResourceType, tag_list

__all__ = ["Alarm", "Dashboard"]

_WHOLE = {"DatapointsToAlarm", "EvaluationPeriods", "Period"}
_TRUTH = {"ActionsEnabled"}


class Alarm(ResourceType):
    """An alarm on a metric."""

    name = "AWS::CloudWatch::Alarm"
    honoured = frozenset(
        {
            "ActionsEnabled",
            "AlarmActions",
            "AlarmDescription",
            "AlarmName",
            "ComparisonOperator",
            "DatapointsToAlarm",
            "Dimensions",
            "EvaluateLowSampleCountPercentile",
            "EvaluationPeriods",
            "ExtendedStatistic",
            "InsufficientDataActions",
            "MetricName",
            "Metrics",
            "Namespace",
            "OKActions",
            "Period",
            "Statistic",
            "Tags",
            "Threshold",
            "ThresholdMetricId",
            "TreatMissingData",
            "Unit",
        }
    )
    required = frozenset({"ComparisonOperator", "EvaluationPeriods"})
    replacing = frozenset({"AlarmName"})
    named_by = "AlarmName"
    longest_name = 255

    def create(self, cloud: Cloud, name: str, properties: Mapping[str, Any]) -> Made:
        return self.update(cloud, name, properties, {})

    def update(
        self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any], before: Mapping[str, Any]
    ) -> Made:
        given: dict[str, Any] = {
            key: _typed(key, value) for key, value in properties.items() if key not in {"AlarmName", "Tags"}
        }
        cloud.client("cloudwatch").put_metric_alarm(
            AlarmName=physical_id, Tags=tag_list(properties.get("Tags")), **given
        )
        return Made(physical_id, {"Arn": cloud.arn("cloudwatch", f"alarm:{physical_id}")})

    def delete(self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any]) -> None:
        cloud.client("cloudwatch").delete_alarms(AlarmNames=[physical_id])


def _typed(key: str, value: Any) -> Any:
    if key in _WHOLE:
        return int(value)
    if key == "Threshold":
        return float(value)
    if key in _TRUTH:
        return str(value).lower() == "true"
    return value


class Dashboard(ResourceType):
    """A dashboard."""

    name = "AWS::CloudWatch::Dashboard"
    honoured = frozenset({"DashboardBody", "DashboardName"})
    required = frozenset({"DashboardBody"})
    replacing = frozenset({"DashboardName"})
    named_by = "DashboardName"
    longest_name = 255

    def create(self, cloud: Cloud, name: str, properties: Mapping[str, Any]) -> Made:
        return self.update(cloud, name, properties, {})

    def update(
        self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any], before: Mapping[str, Any]
    ) -> Made:
        body = properties["DashboardBody"]
        cloud.client("cloudwatch").put_dashboard(DashboardName=physical_id, DashboardBody=body)
        return Made(physical_id)

    def delete(self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any]) -> None:
        cloud.client("cloudwatch").delete_dashboards(DashboardNames=[physical_id])
