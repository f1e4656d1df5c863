"""AWS::Events: rules of EventBridge and event buses. Events reach their targets; no schedule ever fires.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_Events.html
"""

import json
import logging
from collections.abc import Mapping
from typing import Any

from localaws.cloudformation.resource import Cloud, Made, ResourceType, tag_list

__all__ = ["EventBus", "Rule"]

log = logging.getLogger(__name__)


class Rule(ResourceType):
    """A rule and its targets."""

    name = "AWS::Events::Rule"
    honoured = frozenset(
        {
            "Description",
            "EventBusName",
            "EventPattern",
            "Name",
            "RoleArn",
            "ScheduleExpression",
            "State",
            "Tags",
            "Targets",
        }
    )
    replacing = frozenset({"EventBusName", "Name"})
    named_by = "Name"

    def create(self, cloud: Cloud, name: str, properties: Mapping[str, Any]) -> Made:
        return self.update(cloud, name, properties, {})

    def update(
        self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any], before: Mapping[str, Any]
    ) -> Made:
        events = cloud.client("events")
        given: dict[str, Any] = {
            key: properties[key]
            for key in ("Description", "RoleArn", "ScheduleExpression", "State")
            if key in properties
        }
        if "EventPattern" in properties:
            given["EventPattern"] = json.dumps(properties["EventPattern"])
        if "ScheduleExpression" in properties:
            log.warning(
                "rule %s has the schedule %s, which localaws never fires",
                physical_id,
                given["ScheduleExpression"],
            )
        bus = {"EventBusName": properties["EventBusName"]} if "EventBusName" in properties else {}
        arn = events.put_rule(Name=physical_id, Tags=tag_list(properties.get("Tags")), **given, **bus)[
            "RuleArn"
        ]
        targets = [dict(target) for target in properties.get("Targets") or ()]
        kept = {target["Id"] for target in targets}
        if gone := sorted({target["Id"] for target in before.get("Targets") or ()} - kept):
            events.remove_targets(Rule=physical_id, Ids=gone, **bus)
        if targets:
            events.put_targets(Rule=physical_id, Targets=targets, **bus)
        return Made(physical_id, {"Arn": arn})

    def delete(self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any]) -> None:
        events = cloud.client("events")
        bus = {"EventBusName": properties["EventBusName"]} if "EventBusName" in properties else {}
        ids = [target["Id"] for target in properties.get("Targets") or ()]
        try:
            if ids:
                events.remove_targets(Rule=physical_id, Ids=ids, **bus)
            events.delete_rule(Name=physical_id, **bus)
        except events.exceptions.ResourceNotFoundException:
            return


class EventBus(ResourceType):
    """A custom event bus."""

    name = "AWS::Events::EventBus"
    honoured = frozenset({"Description", "Name", "Tags"})
    harmless = frozenset({"KmsKeyIdentifier", "LogConfig", "Policy"})
    required = frozenset({"Name"})
    replacing = frozenset({"Name"})
    named_by = "Name"

    def create(self, cloud: Cloud, name: str, properties: Mapping[str, Any]) -> Made:
        arn = cloud.client("events").create_event_bus(Name=name, Tags=tag_list(properties.get("Tags")))[
            "EventBusArn"
        ]
        return Made(name, {"Arn": arn, "Name": name})

    def update(
        self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any], before: Mapping[str, Any]
    ) -> Made:
        return Made(
            physical_id, {"Arn": cloud.arn("events", f"event-bus/{physical_id}"), "Name": physical_id}
        )

    def delete(self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any]) -> None:
        cloud.client("events").delete_event_bus(Name=physical_id)
