"""AWS::SNS: topics, subscriptions, policies. E-mail goes to the mailbox; queues and functions get messages.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_SNS.html
"""

import json
from collections.abc import Mapping
from typing import Any

from localaws.cloudformation.resource import Cloud, Made, ResourceType, tag_list

__all__ = ["Subscription", "Topic", "TopicPolicy"]


class Topic(ResourceType):
    """A topic with its inline subscriptions."""

    name = "AWS::SNS::Topic"
    honoured = frozenset(
        {"ContentBasedDeduplication", "DisplayName", "FifoTopic", "Subscription", "Tags", "TopicName"}
    )
    harmless = frozenset(
        {
            "ArchivePolicy",
            "DataProtectionPolicy",
            "DeliveryStatusLogging",
            "FifoThroughputScope",
            "KmsMasterKeyId",
            "SignatureVersion",
            "TracingConfig",
        }
    )
    replacing = frozenset({"FifoTopic", "TopicName", "ContentBasedDeduplication"})
    named_by = "TopicName"
    longest_name = 256

    def create(self, cloud: Cloud, name: str, properties: Mapping[str, Any]) -> Made:
        attributes = {
            key: str(properties[key]).lower()
            for key in ("FifoTopic", "ContentBasedDeduplication")
            if key in properties
        }
        if "FifoTopic" in attributes and attributes["FifoTopic"] == "true" and not name.endswith(".fifo"):
            name += ".fifo"
        sns = cloud.client("sns")
        arn = sns.create_topic(Name=name, Attributes=attributes, Tags=tag_list(properties.get("Tags")))[
            "TopicArn"
        ]
        return self.update(cloud, arn, properties, {})

    def update(
        self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any], before: Mapping[str, Any]
    ) -> Made:
        sns = cloud.client("sns")
        if properties.get("DisplayName") != before.get("DisplayName"):
            sns.set_topic_attributes(
                TopicArn=physical_id,
                AttributeName="DisplayName",
                AttributeValue=str(properties.get("DisplayName", "")),
            )
        wanted = {(entry["Protocol"], entry["Endpoint"]) for entry in properties.get("Subscription") or ()}
        had = {(entry["Protocol"], entry["Endpoint"]) for entry in before.get("Subscription") or ()}
        for protocol, endpoint in sorted(wanted - had):
            sns.subscribe(TopicArn=physical_id, Protocol=protocol, Endpoint=endpoint)
        if gone := had - wanted:
            for subscribed in sns.list_subscriptions_by_topic(TopicArn=physical_id)["Subscriptions"]:
                if (subscribed["Protocol"], subscribed["Endpoint"]) in gone:
                    sns.unsubscribe(SubscriptionArn=subscribed["SubscriptionArn"])
        return Made(physical_id, {"TopicArn": physical_id, "TopicName": physical_id.rpartition(":")[2]})

    def delete(self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any]) -> None:
        cloud.client("sns").delete_topic(TopicArn=physical_id)


class Subscription(ResourceType):
    """One subscription of a topic."""

    name = "AWS::SNS::Subscription"
    honoured = frozenset(
        {"Endpoint", "FilterPolicy", "FilterPolicyScope", "Protocol", "RawMessageDelivery", "TopicArn"}
    )
    harmless = frozenset({"DeliveryPolicy", "RedrivePolicy", "Region", "ReplayPolicy", "SubscriptionRoleArn"})
    required = frozenset({"Protocol", "TopicArn"})
    replacing = frozenset({"Endpoint", "Protocol", "TopicArn"})

    def create(self, cloud: Cloud, name: str, properties: Mapping[str, Any]) -> Made:
        del name
        arn = cloud.client("sns").subscribe(
            TopicArn=properties["TopicArn"],
            Protocol=properties["Protocol"],
            Endpoint=properties.get("Endpoint", ""),
            Attributes=_attributes(properties),
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]
        return Made(arn, {"Arn": arn})

    def update(
        self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any], before: Mapping[str, Any]
    ) -> Made:
        attributes = _attributes(properties)
        for gone in _attributes(before).keys() - attributes.keys():
            attributes[gone] = "false" if gone == "RawMessageDelivery" else "{}"
        for name, value in attributes.items():
            cloud.client("sns").set_subscription_attributes(
                SubscriptionArn=physical_id, AttributeName=name, AttributeValue=value
            )
        return Made(physical_id, {"Arn": physical_id})

    def delete(self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any]) -> None:
        cloud.client("sns").unsubscribe(SubscriptionArn=physical_id)


def _attributes(properties: Mapping[str, Any]) -> dict[str, str]:
    made = {}
    if "FilterPolicy" in properties:
        policy = properties["FilterPolicy"]
        made["FilterPolicy"] = policy if isinstance(policy, str) else json.dumps(policy)
    if "FilterPolicyScope" in properties:
        made["FilterPolicyScope"] = str(properties["FilterPolicyScope"])
    if "RawMessageDelivery" in properties:
        made["RawMessageDelivery"] = str(properties["RawMessageDelivery"]).lower()
    return made


class TopicPolicy(ResourceType):
    """Who may publish to topics."""

    name = "AWS::SNS::TopicPolicy"
    honoured = frozenset({"PolicyDocument", "Topics"})
    required = frozenset({"PolicyDocument", "Topics"})

    def create(self, cloud: Cloud, name: str, properties: Mapping[str, Any]) -> Made:
        return self.update(cloud, name, properties, {})

    def update(
        self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any], before: Mapping[str, Any]
    ) -> Made:
        policy = json.dumps(properties["PolicyDocument"])
        for topic in properties["Topics"]:
            cloud.client("sns").set_topic_attributes(
                TopicArn=topic, AttributeName="Policy", AttributeValue=policy
            )
        return Made(physical_id)

    def delete(self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any]) -> None:
        """Nothing: the policy is deleted with its topics."""
