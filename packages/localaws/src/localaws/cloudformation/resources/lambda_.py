"""AWS::Lambda: functions, what may call them, and what they share.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_Lambda.html
"""

import io
import zipfile
from collections.abc import Mapping
from typing import Any

from localaws.cloudformation.resource import Cloud, Made, ResourceType, tag_map
from localaws.lambda_.tags import DEAD_LETTER_TAG, LOG_FORMAT_TAG, LOG_GROUP_TAG, TASK_ROOT_TAG

__all__ = [
    "Alias",
    "EventInvokeConfig",
    "EventSourceMapping",
    "Function",
    "LayerVersion",
    "Permission",
    "Version",
]


class Function(ResourceType):
    """A function: a zip archive of Python, or an image whose sources are available."""

    name = "AWS::Lambda::Function"
    honoured = frozenset(
        {
            "Architectures",
            "Code",
            "DeadLetterConfig",
            "Description",
            "Environment",
            "EphemeralStorage",
            "FunctionName",
            "Handler",
            "ImageConfig",
            "Layers",
            "LoggingConfig",
            "MemorySize",
            "PackageType",
            "ReservedConcurrentExecutions",
            "Role",
            "Runtime",
            "Tags",
            "Timeout",
        }
    )
    harmless = frozenset(
        {
            "CodeSigningConfigArn",
            "KmsKeyArn",
            "RecursiveLoop",
            "RuntimeManagementConfig",
            "SnapStart",
            "TracingConfig",
            "VpcConfig",
        }
    )
    required = frozenset({"Code", "Role"})
    replacing = frozenset({"FunctionName", "PackageType"})
    named_by = "FunctionName"

    def problems(self, properties: Mapping[str, Any], made_name: str) -> list[str]:
        found = super().problems(properties, made_name)
        runtime = properties.get("Runtime")
        if properties.get("PackageType", "Zip") == "Image":
            if TASK_ROOT_TAG not in tag_map(properties.get("Tags")):
                found.append(
                    "an image cannot be run without its sources: give the function Metadata.DockerContext, "
                    "the folder that the image is built from, absolute (as `sam build` writes it) or "
                    "relative to the folder in which localaws was started"
                )
            if not (properties.get("ImageConfig") or {}).get("Command"):
                found.append("an image's handler must be named in ImageConfig.Command")
        elif isinstance(runtime, str) and not runtime.startswith("python"):
            found.append(f"the runtime {runtime} is not supported by localaws: it runs Python")
        return found

    def create(self, cloud: Cloud, name: str, properties: Mapping[str, Any]) -> Made:
        client = cloud.client("lambda")
        settings = self._settings(properties)
        optional = {key: properties[key] for key in ("PackageType", "Architectures") if key in properties}
        client.create_function(
            FunctionName=name, Code=_code(properties["Code"]), Tags=_tags(properties), **settings, **optional
        )
        self._limit(client, name, properties)
        return self._made(cloud, name)

    def update(
        self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any], before: Mapping[str, Any]
    ) -> Made:
        client = cloud.client("lambda")
        made = self._made(cloud, physical_id)
        old, new = _tags(before), _tags(properties)
        if gone := sorted(old.keys() - new.keys()):
            client.untag_resource(Resource=made.attributes["Arn"], TagKeys=gone)
        client.tag_resource(Resource=made.attributes["Arn"], Tags=new)
        if properties["Code"] != before.get("Code"):
            client.update_function_code(FunctionName=physical_id, **_code(properties["Code"]))
        settings = self._settings(properties)
        settings.setdefault("Environment", {"Variables": {}})
        settings.setdefault("Layers", [])
        client.update_function_configuration(FunctionName=physical_id, **settings)
        self._limit(client, physical_id, properties)
        return made

    def delete(self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any]) -> None:
        client = cloud.client("lambda")
        try:
            client.delete_function(FunctionName=physical_id)
        except client.exceptions.ResourceNotFoundException:
            return

    @staticmethod
    def _made(cloud: Cloud, name: str) -> Made:
        return Made(name, {"Arn": cloud.arn("lambda", f"function:{name}")})

    @staticmethod
    def _limit(client: Any, name: str, properties: Mapping[str, Any]) -> None:
        if "ReservedConcurrentExecutions" in properties:
            limit = int(properties["ReservedConcurrentExecutions"])
            client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=limit)
        else:
            client.delete_function_concurrency(FunctionName=name)

    @staticmethod
    def _settings(properties: Mapping[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = {
            key: properties[key]
            for key in ("Description", "Handler", "Runtime", "Role", "Layers", "ImageConfig")
            if key in properties
        }
        for key in ("Timeout", "MemorySize"):
            if key in properties:
                made[key] = int(properties[key])
        if "EphemeralStorage" in properties:
            made["EphemeralStorage"] = {"Size": int(properties["EphemeralStorage"]["Size"])}
        variables = (properties.get("Environment") or {}).get("Variables")
        if variables:
            made["Environment"] = {"Variables": {key: _text(value) for key, value in variables.items()}}
        return made


def _tags(properties: Mapping[str, Any]) -> dict[str, str]:
    """The function's tags, with settings that moto does not store."""
    tags = tag_map(properties.get("Tags"))
    logging = properties.get("LoggingConfig") or {}
    if "LogGroup" in logging:
        tags[LOG_GROUP_TAG] = str(logging["LogGroup"])
    if "LogFormat" in logging:
        tags[LOG_FORMAT_TAG] = str(logging["LogFormat"])
    if target := (properties.get("DeadLetterConfig") or {}).get("TargetArn"):
        tags[DEAD_LETTER_TAG] = str(target)
    return tags


def _code(code: Mapping[str, Any]) -> dict[str, Any]:
    if "ZipFile" not in code:
        return {key: code[key] for key in ("S3Bucket", "S3Key", "S3ObjectVersion", "ImageUri") if key in code}
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("index.py", str(code["ZipFile"]))
    return {"ZipFile": archive.getvalue()}


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


class Version(ResourceType):
    """A published version of a function: an immutable copy."""

    name = "AWS::Lambda::Version"
    honoured = frozenset({"CodeSha256", "Description", "FunctionName"})
    harmless = frozenset({"ProvisionedConcurrencyConfig", "RuntimePolicy"})
    required = frozenset({"FunctionName"})
    replacing = frozenset({"CodeSha256", "Description", "FunctionName"})

    def create(self, cloud: Cloud, name: str, properties: Mapping[str, Any]) -> Made:
        del name
        published = cloud.client("lambda").publish_version(
            FunctionName=properties["FunctionName"], Description=properties.get("Description", "")
        )
        return Made(
            published["FunctionArn"],
            {"Version": published["Version"], "FunctionArn": published["FunctionArn"]},
        )

    def update(
        self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any], before: Mapping[str, Any]
    ) -> Made:
        return Made(physical_id, {"Version": physical_id.rpartition(":")[2], "FunctionArn": physical_id})

    def delete(self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any]) -> None:
        client = cloud.client("lambda")
        function, _, version = physical_id.rpartition(":")
        try:
            client.delete_function(FunctionName=function, Qualifier=version)
        except client.exceptions.ResourceNotFoundException:
            return


class Alias(ResourceType):
    """A name for a version of a function."""

    name = "AWS::Lambda::Alias"
    honoured = frozenset({"Description", "FunctionName", "FunctionVersion", "Name"})
    harmless = frozenset({"ProvisionedConcurrencyConfig"})
    required = frozenset({"FunctionName", "FunctionVersion", "Name"})
    replacing = frozenset({"FunctionName", "Name"})

    def create(self, cloud: Cloud, name: str, properties: Mapping[str, Any]) -> Made:
        del name
        alias = cloud.client("lambda").create_alias(**_alias(properties))
        return Made(alias["AliasArn"], {"AliasArn": alias["AliasArn"]})

    def update(
        self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any], before: Mapping[str, Any]
    ) -> Made:
        cloud.client("lambda").update_alias(**_alias(properties))
        return Made(physical_id, {"AliasArn": physical_id})

    def delete(self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any]) -> None:
        client = cloud.client("lambda")
        try:
            client.delete_alias(FunctionName=properties["FunctionName"], Name=properties["Name"])
        except client.exceptions.ResourceNotFoundException:
            return


def _alias(properties: Mapping[str, Any]) -> dict[str, str]:
    named = {key: str(properties[key]) for key in ("FunctionName", "FunctionVersion", "Name")}
    return {**named, "Description": properties.get("Description", "")}


class LayerVersion(ResourceType):
    """A version of a layer: an archive on the path of functions. Every change publishes a new one."""

    name = "AWS::Lambda::LayerVersion"
    honoured = frozenset(
        {
            "CompatibleArchitectures",
            "CompatibleRuntimes",
            "Content",
            "Description",
            "LayerName",
            "LicenseInfo",
        }
    )
    required = frozenset({"Content"})
    replacing = honoured
    named_by = "LayerName"
    longest_name = 140

    def create(self, cloud: Cloud, name: str, properties: Mapping[str, Any]) -> Made:
        optional = {
            key: properties[key]
            for key in ("CompatibleArchitectures", "CompatibleRuntimes", "Description", "LicenseInfo")
            if key in properties
        }
        content = {key: properties["Content"][key] for key in ("S3Bucket", "S3Key")}
        published = cloud.client("lambda").publish_layer_version(LayerName=name, Content=content, **optional)
        return Made(published["LayerVersionArn"], {"LayerVersionArn": published["LayerVersionArn"]})

    def update(
        self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any], before: Mapping[str, Any]
    ) -> Made:
        return Made(physical_id, {"LayerVersionArn": physical_id})

    def delete(self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any]) -> None:
        layer, _, version = physical_id.rpartition(":")
        cloud.client("lambda").delete_layer_version(LayerName=layer, VersionNumber=int(version))


class Permission(ResourceType):
    """Which service or account may call a function."""

    name = "AWS::Lambda::Permission"
    honoured = frozenset(
        {"Action", "EventSourceToken", "FunctionName", "Principal", "SourceAccount", "SourceArn"}
    )
    harmless = frozenset({"FunctionUrlAuthType", "InvokedViaFunctionUrl", "PrincipalOrgID"})
    required = frozenset({"Action", "FunctionName", "Principal"})
    replacing = honoured

    def create(self, cloud: Cloud, name: str, properties: Mapping[str, Any]) -> Made:
        function = str(properties["FunctionName"])
        given = {key: properties[key] for key in self.honoured if key in properties and key != "FunctionName"}
        cloud.client("lambda").add_permission(FunctionName=function, StatementId=name, **given)
        return Made(name, {"Id": name})

    def update(
        self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any], before: Mapping[str, Any]
    ) -> Made:
        return Made(physical_id, {"Id": physical_id})

    def delete(self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any]) -> None:
        client = cloud.client("lambda")
        try:
            client.remove_permission(FunctionName=properties["FunctionName"], StatementId=physical_id)
        except client.exceptions.ResourceNotFoundException:
            return


class EventInvokeConfig(ResourceType):
    """How asynchronous invocations are retried, and where their records go."""

    name = "AWS::Lambda::EventInvokeConfig"
    honoured = frozenset({"DestinationConfig", "FunctionName", "MaximumRetryAttempts", "Qualifier"})
    harmless = frozenset({"MaximumEventAgeInSeconds"})
    required = frozenset({"FunctionName"})
    replacing = frozenset({"FunctionName", "Qualifier"})

    def create(self, cloud: Cloud, name: str, properties: Mapping[str, Any]) -> Made:
        return self.update(cloud, name, properties, {})

    def update(
        self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any], before: Mapping[str, Any]
    ) -> Made:
        settings: dict[str, Any] = {}
        if "MaximumRetryAttempts" in properties:
            settings["MaximumRetryAttempts"] = int(properties["MaximumRetryAttempts"])
        if "DestinationConfig" in properties:
            settings["DestinationConfig"] = properties["DestinationConfig"]
        client = cloud.client("lambda")
        client.put_function_event_invoke_config(FunctionName=properties["FunctionName"], **settings)
        return Made(physical_id)

    def delete(self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any]) -> None:
        client = cloud.client("lambda")
        try:
            client.delete_function_event_invoke_config(FunctionName=properties["FunctionName"])
        except client.exceptions.ResourceNotFoundException:
            return


class EventSourceMapping(ResourceType):
    """A queue, or a stream of DynamoDB or Kinesis, whose records a function gets."""

    name = "AWS::Lambda::EventSourceMapping"
    honoured = frozenset({"BatchSize", "Enabled", "EventSourceArn", "FunctionName", "StartingPosition"})
    harmless = frozenset(
        {"MaximumBatchingWindowInSeconds", "MetricsConfig", "ParallelizationFactor", "ScalingConfig", "Tags"}
    )
    required = frozenset({"EventSourceArn", "FunctionName"})
    replacing = frozenset({"EventSourceArn", "StartingPosition"})

    def create(self, cloud: Cloud, name: str, properties: Mapping[str, Any]) -> Made:
        del name
        optional: dict[str, Any] = {}
        if "StartingPosition" in properties:
            optional["StartingPosition"] = properties["StartingPosition"]
        mapping = cloud.client("lambda").create_event_source_mapping(
            EventSourceArn=properties["EventSourceArn"], **_mapping(properties), **optional
        )
        return Made(mapping["UUID"], {"Id": mapping["UUID"]})

    def update(
        self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any], before: Mapping[str, Any]
    ) -> Made:
        cloud.client("lambda").update_event_source_mapping(UUID=physical_id, **_mapping(properties))
        return Made(physical_id, {"Id": physical_id})

    def delete(self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any]) -> None:
        client = cloud.client("lambda")
        try:
            client.delete_event_source_mapping(UUID=physical_id)
        except client.exceptions.ResourceNotFoundException:
            return


def _mapping(properties: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"FunctionName": properties["FunctionName"]}
    if "BatchSize" in properties:
        made["BatchSize"] = int(properties["BatchSize"])
    if "Enabled" in properties:
        made["Enabled"] = str(properties["Enabled"]).lower() == "true"
    return made
