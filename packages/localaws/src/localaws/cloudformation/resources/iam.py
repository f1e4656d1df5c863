"""AWS::IAM: roles and policies.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_IAM.html
"""

import json
from collections.abc import Mapping
from typing import Any

from localaws.cloudformation.resource import Cloud, Made, ResourceType, tag_list

__all__ = ["ManagedPolicy", "Policy", "Role"]


class Role(ResourceType):
    """A role with its inline and managed policies."""

    name = "AWS::IAM::Role"
    honoured = frozenset(
        {
            "AssumeRolePolicyDocument",
            "Description",
            "ManagedPolicyArns",
            "MaxSessionDuration",
            "Path",
            "PermissionsBoundary",
            "Policies",
            "RoleName",
            "Tags",
        }
    )
    required = frozenset({"AssumeRolePolicyDocument"})
    replacing = frozenset({"RoleName", "Path"})
    named_by = "RoleName"

    def create(self, cloud: Cloud, name: str, properties: Mapping[str, Any]) -> Made:
        iam = cloud.client("iam")
        optional: dict[str, Any] = {
            key: properties[key]
            for key in ("Path", "PermissionsBoundary", "Description")
            if key in properties
        }
        if "MaxSessionDuration" in properties:
            optional["MaxSessionDuration"] = int(properties["MaxSessionDuration"])
        role = iam.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=json.dumps(properties["AssumeRolePolicyDocument"]),
            Tags=tag_list(properties.get("Tags")),
            **optional,
        )["Role"]
        try:
            self._attach(iam, name, properties, {})
        except BaseException:
            self.delete(cloud, name, properties)
            raise
        return Made(name, {"Arn": role["Arn"], "RoleId": role["RoleId"]})

    def update(
        self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any], before: Mapping[str, Any]
    ) -> Made:
        iam = cloud.client("iam")
        document = json.dumps(properties["AssumeRolePolicyDocument"])
        iam.update_assume_role_policy(RoleName=physical_id, PolicyDocument=document)
        if "PermissionsBoundary" in properties:
            iam.put_role_permissions_boundary(
                RoleName=physical_id, PermissionsBoundary=properties["PermissionsBoundary"]
            )
        elif "PermissionsBoundary" in before:
            iam.delete_role_permissions_boundary(RoleName=physical_id)
        self._attach(iam, physical_id, properties, before)
        role = iam.get_role(RoleName=physical_id)["Role"]
        return Made(physical_id, {"Arn": role["Arn"], "RoleId": role["RoleId"]})

    def delete(self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any]) -> None:
        iam = cloud.client("iam")
        try:
            attached = iam.list_attached_role_policies(RoleName=physical_id)["AttachedPolicies"]
            inline = iam.list_role_policies(RoleName=physical_id)["PolicyNames"]
        except iam.exceptions.NoSuchEntityException:
            return
        for policy in attached:
            iam.detach_role_policy(RoleName=physical_id, PolicyArn=policy["PolicyArn"])
        for policy_name in inline:
            iam.delete_role_policy(RoleName=physical_id, PolicyName=policy_name)
        iam.delete_role(RoleName=physical_id)

    @staticmethod
    def _attach(iam: Any, role: str, properties: Mapping[str, Any], before: Mapping[str, Any]) -> None:
        wanted = {
            policy["PolicyName"]: policy["PolicyDocument"] for policy in properties.get("Policies") or ()
        }
        had = {policy["PolicyName"] for policy in before.get("Policies") or ()}
        for gone in had - wanted.keys():
            iam.delete_role_policy(RoleName=role, PolicyName=gone)
        for name, document in wanted.items():
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=_document(document))
        arns, had_arns = (
            set(properties.get("ManagedPolicyArns") or ()),
            set(before.get("ManagedPolicyArns") or ()),
        )
        for arn in sorted(had_arns - arns):
            iam.detach_role_policy(RoleName=role, PolicyArn=arn)
        for arn in sorted(arns - had_arns):
            iam.attach_role_policy(RoleName=role, PolicyArn=arn)


class Policy(ResourceType):
    """An inline policy of roles."""

    name = "AWS::IAM::Policy"
    honoured = frozenset({"PolicyDocument", "PolicyName", "Roles"})
    required = frozenset({"PolicyDocument", "PolicyName"})
    replacing = frozenset({"PolicyName"})
    longest_name = 128

    def create(self, cloud: Cloud, name: str, properties: Mapping[str, Any]) -> Made:
        return self.update(cloud, name, properties, {})

    def update(
        self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any], before: Mapping[str, Any]
    ) -> Made:
        iam = cloud.client("iam")
        for role in set(before.get("Roles") or ()) - set(properties.get("Roles") or ()):
            iam.delete_role_policy(RoleName=role, PolicyName=before["PolicyName"])
        document = _document(properties["PolicyDocument"])
        for role in properties.get("Roles") or ():
            iam.put_role_policy(RoleName=role, PolicyName=properties["PolicyName"], PolicyDocument=document)
        return Made(physical_id)

    def delete(self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any]) -> None:
        iam = cloud.client("iam")
        for role in properties.get("Roles") or ():
            try:
                iam.delete_role_policy(RoleName=role, PolicyName=properties["PolicyName"])
            except iam.exceptions.NoSuchEntityException:
                continue


class ManagedPolicy(ResourceType):
    """A managed policy, attached to roles."""

    name = "AWS::IAM::ManagedPolicy"
    honoured = frozenset({"Description", "ManagedPolicyName", "Path", "PolicyDocument", "Roles"})
    required = frozenset({"PolicyDocument"})
    replacing = frozenset({"Description", "ManagedPolicyName", "Path", "PolicyDocument"})
    named_by = "ManagedPolicyName"
    longest_name = 128

    def create(self, cloud: Cloud, name: str, properties: Mapping[str, Any]) -> Made:
        optional = {key: properties[key] for key in ("Path", "Description") if key in properties}
        policy = cloud.client("iam").create_policy(
            PolicyName=name, PolicyDocument=_document(properties["PolicyDocument"]), **optional
        )["Policy"]
        return self.update(cloud, policy["Arn"], properties, {})

    def update(
        self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any], before: Mapping[str, Any]
    ) -> Made:
        iam = cloud.client("iam")
        roles, had = set(properties.get("Roles") or ()), set(before.get("Roles") or ())
        for role in sorted(had - roles):
            iam.detach_role_policy(RoleName=role, PolicyArn=physical_id)
        for role in sorted(roles - had):
            iam.attach_role_policy(RoleName=role, PolicyArn=physical_id)
        return Made(physical_id, {"PolicyArn": physical_id})

    def delete(self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any]) -> None:
        iam = cloud.client("iam")
        for role in properties.get("Roles") or ():
            try:
                iam.detach_role_policy(RoleName=role, PolicyArn=physical_id)
            except iam.exceptions.NoSuchEntityException:
                continue
        try:
            iam.delete_policy(PolicyArn=physical_id)
        except iam.exceptions.NoSuchEntityException:
            return


def _document(policy: Mapping[str, Any]) -> str:
    """A policy as JSON. Unlike IAM, moto insists on a Version, and SAM's policy templates have none."""
    return json.dumps({"Version": "2012-10-17", **policy})
