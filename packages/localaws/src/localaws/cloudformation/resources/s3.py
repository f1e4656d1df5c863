"""AWS::S3: buckets and their policies.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_S3.html
"""

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from localaws.cloudformation.resource import Cloud, Made, ResourceType, tag_list

__all__ = ["Bucket", "BucketPolicy"]


class Bucket(ResourceType):
    """A bucket, with the events that it sends. Lifecycle rules are stored but not applied."""

    name = "AWS::S3::Bucket"
    honoured = frozenset(
        {
            "BucketEncryption",
            "BucketName",
            "CorsConfiguration",
            "LifecycleConfiguration",
            "NotificationConfiguration",
            "OwnershipControls",
            "PublicAccessBlockConfiguration",
            "Tags",
            "VersioningConfiguration",
        }
    )
    harmless = frozenset(
        {
            "AccelerateConfiguration",
            "AccessControl",
            "AnalyticsConfigurations",
            "IntelligentTieringConfigurations",
            "InventoryConfigurations",
            "LoggingConfiguration",
            "MetricsConfigurations",
        }
    )
    replacing = frozenset({"BucketName"})
    named_by = "BucketName"
    longest_name = 63

    def make_name(self, cloud: Cloud, logical_id: str, properties: Mapping[str, Any]) -> str:
        return super().make_name(cloud, logical_id, properties).lower()

    def create(self, cloud: Cloud, name: str, properties: Mapping[str, Any]) -> Made:
        s3 = cloud.client("s3")
        # CreateBucket succeeds for a bucket that one has already; a stack must not take it over.
        if any(bucket["Name"] == name for bucket in s3.list_buckets()["Buckets"]):
            raise ValueError(
                f"bucket {name!r} already exists: choose another BucketName, or delete the bucket"
            )
        where = (
            {}
            if cloud.region == "us-east-1"
            else {"CreateBucketConfiguration": {"LocationConstraint": cloud.region}}
        )
        s3.create_bucket(Bucket=name, **where)
        try:
            return self.update(cloud, name, properties, {})
        except BaseException:
            s3.delete_bucket(Bucket=name)
            raise

    def update(
        self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any], before: Mapping[str, Any]
    ) -> Made:
        s3 = cloud.client("s3")
        for name, (put, delete) in _SETTINGS.items():
            if properties.get(name) == before.get(name):
                continue
            if properties.get(name):
                put(s3, physical_id, properties[name])
            else:
                delete(s3, physical_id)
        return Made(
            physical_id,
            {
                "Arn": f"arn:aws:s3:::{physical_id}",
                "DomainName": f"{physical_id}.s3.amazonaws.com",
                "DualStackDomainName": f"{physical_id}.s3.dualstack.{cloud.region}.amazonaws.com",
                "RegionalDomainName": f"{physical_id}.s3.{cloud.region}.amazonaws.com",
                "WebsiteURL": f"http://{physical_id}.s3-website-{cloud.region}.amazonaws.com",
            },
        )

    def delete(self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any]) -> None:
        s3 = cloud.client("s3")
        try:
            s3.delete_bucket(Bucket=physical_id)
        except s3.exceptions.NoSuchBucket:
            return


def _put_encryption(s3: Any, bucket: str, value: Any) -> None:
    rules = [
        {
            "ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"],
            **({"BucketKeyEnabled": _truth(rule["BucketKeyEnabled"])} if "BucketKeyEnabled" in rule else {}),
        }
        for rule in value["ServerSideEncryptionConfiguration"]
        if "ServerSideEncryptionByDefault" in rule
    ]
    if rules:
        s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": rules})


def _put_cors(s3: Any, bucket: str, value: Any) -> None:
    spelling = {"ExposedHeaders": "ExposeHeaders", "MaxAge": "MaxAgeSeconds", "Id": "ID"}
    rules = [{spelling.get(key, key): item for key, item in rule.items()} for rule in value["CorsRules"]]
    for rule in rules:
        if "MaxAgeSeconds" in rule:
            rule["MaxAgeSeconds"] = int(rule["MaxAgeSeconds"])
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": rules})


def _put_lifecycle(s3: Any, bucket: str, value: Any) -> None:
    rules = [_lifecycle_rule(rule) for rule in value["Rules"]]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})


def _lifecycle_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"Status": rule["Status"], "Filter": _lifecycle_filter(rule)}
    if "Id" in rule:
        made["ID"] = rule["Id"]
    expiration: dict[str, Any] = {}
    if "ExpirationInDays" in rule:
        expiration["Days"] = int(rule["ExpirationInDays"])
    if "ExpirationDate" in rule:
        expiration["Date"] = rule["ExpirationDate"]
    if "ExpiredObjectDeleteMarker" in rule:
        expiration["ExpiredObjectDeleteMarker"] = _truth(rule["ExpiredObjectDeleteMarker"])
    if expiration:
        made["Expiration"] = expiration
    noncurrent = dict(rule.get("NoncurrentVersionExpiration") or {})
    if "NoncurrentVersionExpirationInDays" in rule:
        noncurrent["NoncurrentDays"] = rule["NoncurrentVersionExpirationInDays"]
    if noncurrent:
        made["NoncurrentVersionExpiration"] = {key: int(days) for key, days in noncurrent.items()}
    if abort := rule.get("AbortIncompleteMultipartUpload"):
        made["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": int(abort["DaysAfterInitiation"])}
    transitions = [*(rule.get("Transitions") or ()), *([rule["Transition"]] if "Transition" in rule else ())]
    if transitions:
        made["Transitions"] = [
            {
                "StorageClass": transition["StorageClass"],
                **({"Days": int(transition["TransitionInDays"])} if "TransitionInDays" in transition else {}),
                **({"Date": transition["TransitionDate"]} if "TransitionDate" in transition else {}),
            }
            for transition in transitions
        ]
    if older := rule.get("NoncurrentVersionTransitions"):
        made["NoncurrentVersionTransitions"] = [
            {
                "StorageClass": transition["StorageClass"],
                "NoncurrentDays": int(transition["TransitionInDays"]),
            }
            for transition in older
        ]
    return made


def _lifecycle_filter(rule: Mapping[str, Any]) -> dict[str, Any]:
    parts: dict[str, Any] = {"Prefix": rule.get("Prefix", "")}
    tags = [dict(tag) for tag in rule.get("TagFilters") or ()]
    if not tags:
        return parts
    return {"And": {**parts, "Tags": tags}} if parts["Prefix"] or len(tags) > 1 else {"Tag": tags[0]}


def _put_notification(s3: Any, bucket: str, value: Any) -> None:
    kinds = (
        ("LambdaConfigurations", "LambdaFunctionConfigurations", "Function", "LambdaFunctionArn"),
        ("QueueConfigurations", "QueueConfigurations", "Queue", "QueueArn"),
        ("TopicConfigurations", "TopicConfigurations", "Topic", "TopicArn"),
    )
    made: dict[str, Any] = {}
    for theirs, ours, receiver, arn in kinds:
        for configured in value.get(theirs) or ():
            entry: dict[str, Any] = {arn: configured[receiver], "Events": [configured["Event"]]}
            rules = configured.get("Filter", {}).get("S3Key", {}).get("Rules")
            if rules:
                entry["Filter"] = {
                    "Key": {
                        "FilterRules": [
                            {"Name": rule["Name"].lower(), "Value": rule["Value"]} for rule in rules
                        ]
                    }
                }
            made.setdefault(ours, []).append(entry)
    bridge = value.get("EventBridgeConfiguration")
    if bridge is not None and _truth(bridge.get("EventBridgeEnabled", True)):
        made["EventBridgeConfiguration"] = {}
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=made)


def _put_public_access_block(s3: Any, bucket: str, value: Any) -> None:
    names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    block = {name: _truth(value.get(name, False)) for name in names}
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=block)


_SETTINGS: dict[str, tuple[Any, Any]] = {
    "Tags": (
        lambda s3, bucket, value: s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tag_list(value)}),
        lambda s3, bucket: s3.delete_bucket_tagging(Bucket=bucket),
    ),
    "VersioningConfiguration": (
        lambda s3, bucket, value: s3.put_bucket_versioning(
            Bucket=bucket, VersioningConfiguration={"Status": value["Status"]}
        ),
        lambda s3, bucket: s3.put_bucket_versioning(
            Bucket=bucket, VersioningConfiguration={"Status": "Suspended"}
        ),
    ),
    "BucketEncryption": (_put_encryption, lambda s3, bucket: s3.delete_bucket_encryption(Bucket=bucket)),
    "CorsConfiguration": (_put_cors, lambda s3, bucket: s3.delete_bucket_cors(Bucket=bucket)),
    "LifecycleConfiguration": (_put_lifecycle, lambda s3, bucket: s3.delete_bucket_lifecycle(Bucket=bucket)),
    "OwnershipControls": (
        lambda s3, bucket, value: s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=value),
        lambda s3, bucket: s3.delete_bucket_ownership_controls(Bucket=bucket),
    ),
    "PublicAccessBlockConfiguration": (
        _put_public_access_block,
        lambda s3, bucket: s3.delete_public_access_block(Bucket=bucket),
    ),
    "NotificationConfiguration": (
        _put_notification,
        lambda s3, bucket: s3.put_bucket_notification_configuration(
            Bucket=bucket, NotificationConfiguration={}
        ),
    ),
}


def _truth(value: Any) -> bool:
    return str(value).lower() == "true"


class BucketPolicy(ResourceType):
    """A bucket's policy."""

    name = "AWS::S3::BucketPolicy"
    honoured = frozenset({"Bucket", "PolicyDocument"})
    required: ClassVar[frozenset[str]] = frozenset({"Bucket", "PolicyDocument"})
    replacing = frozenset({"Bucket"})

    def create(self, cloud: Cloud, name: str, properties: Mapping[str, Any]) -> Made:
        del name
        return self.update(cloud, properties["Bucket"], properties, {})

    def update(
        self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any], before: Mapping[str, Any]
    ) -> Made:
        cloud.client("s3").put_bucket_policy(
            Bucket=physical_id, Policy=json.dumps(properties["PolicyDocument"])
        )
        return Made(physical_id)

    def delete(self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any]) -> None:
        s3 = cloud.client("s3")
        try:
            s3.delete_bucket_policy(Bucket=physical_id)
        except s3.exceptions.NoSuchBucket:
            return
