"""AWS::EMRServerless: applications.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_EMRServerless.html
"""

from collections.abc import Mapping
from typing import Any

from localaws.cloudformation.resource import Cloud, Made, ResourceType, tag_map

__all__ = ["Application"]

_SPARK = "SPARK"


class Application(ResourceType):
    """An application, whose jobs run on this machine. Where on AWS they get what they need is no matter."""

    name = "AWS::EMRServerless::Application"
    honoured = frozenset({"Name", "ReleaseLabel", "Tags", "Type"})
    harmless = frozenset(
        {
            "Architecture",
            "AutoStartConfiguration",
            "AutoStopConfiguration",
            "ImageConfiguration",
            "InitialCapacity",
            "MaximumCapacity",
            "MonitoringConfiguration",
            "NetworkConfiguration",
            "SchedulerConfiguration",
            "WorkerTypeSpecifications",
        }
    )
    required = frozenset({"ReleaseLabel", "Type"})
    replacing = frozenset({"Name", "Type"})
    named_by = "Name"

    def problems(self, properties: Mapping[str, Any], made_name: str) -> list[str]:
        found = super().problems(properties, made_name)
        kind = properties.get("Type")
        if isinstance(kind, str) and kind.upper() != _SPARK:
            found.append(f"property Type {kind} is not supported by localaws: it runs jobs of Spark")
        return found

    def create(self, cloud: Cloud, name: str, properties: Mapping[str, Any]) -> Made:
        made = cloud.client("emr-serverless").create_application(
            name=name,
            releaseLabel=properties["ReleaseLabel"],
            type=str(properties["Type"]).upper(),
            tags=tag_map(properties.get("Tags")),
        )
        return _made(made["applicationId"], made["arn"])

    def update(
        self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any], before: Mapping[str, Any]
    ) -> Made:
        from moto.emrserverless.models import emrserverless_backends  # moto updates no release

        application = emrserverless_backends[cloud.account][cloud.region].applications[physical_id]
        application.release_label = str(properties["ReleaseLabel"])
        application.tags = tag_map(properties.get("Tags"))
        return _made(application.id, application.arn)

    def delete(self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any]) -> None:
        client = cloud.client("emr-serverless")
        if any(
            one["id"] == physical_id and one["state"] != "TERMINATED"
            for one in client.list_applications()["applications"]
        ):
            client.stop_application(applicationId=physical_id)
            client.delete_application(applicationId=physical_id)


def _made(application: str, arn: str) -> Made:
    return Made(application, {"ApplicationId": application, "Arn": arn})
