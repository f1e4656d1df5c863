"""A stack on AWS, to look at: deployed with SAM, found through CloudFormation, never changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config

from stepcast.console.read_only import refuse_changes

__all__ = ["AwsStack", "find_stack"]

QUICK = Config(retries={"mode": "standard", "max_attempts": 3}, connect_timeout=10)


@dataclass(frozen=True)
class AwsStack:
    """A ``Stack`` whose clients refuse to change anything.

    ``endpoint``  empty: the clients know where AWS is. ``account`` is who looks, for people.
    """

    session: boto3.session.Session
    outputs: Mapping[str, str]
    resources: Mapping[str, str]
    account: str
    s3: Any
    states: Any
    endpoint: str = ""
    mailbox: None = None  # SNS sends messages, and keeps no copy
    credentials: None = None

    @property
    def region(self) -> str:
        return str(self.session.region_name)

    @property
    def bucket(self) -> str:
        return self.outputs["BucketName"]

    @property
    def database(self) -> str:
        return self.outputs["DatabaseName"]

    @property
    def state_machine(self) -> str:
        return self.outputs["StateMachineArn"]

    def client(self, service: str) -> Any:
        return self.session.client(service, config=QUICK)

    def function(self, name: str) -> str:
        return self.resources[f"{name.removesuffix('Function')}Function"]


def find_stack(name: str, profile: str | None, region: str | None) -> AwsStack:
    """The stack called ``name``, with the credentials and the endpoints of a profile of the AWS tools.

    Raises botocore's errors where the profile, its credentials or the stack are not there, and LookupError
    if the stack is not Stepcast's.
    """
    session = boto3.session.Session(profile_name=profile, region_name=region)
    refuse_changes(session)
    cloudformation = session.client("cloudformation", config=QUICK)
    described = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in described.get("Outputs", [])}
    needed = {"BucketName", "DatabaseName", "StateMachineArn", "WorkGroupName", "AthenaOutput"}
    if missing := sorted(needed - set(outputs)):
        raise LookupError(f"stack {name} is not Stepcast's: it has no output {', '.join(missing)}")
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
    resources = {
        row["LogicalResourceId"]: row.get("PhysicalResourceId", "")
        for page in pages
        for row in page["StackResourceSummaries"]
    }
    identity = session.client("sts", config=QUICK).get_caller_identity()
    return AwsStack(
        session=session,
        outputs=outputs,
        resources=resources,
        account=str(identity["Account"]),
        s3=session.client("s3", config=QUICK),
        states=session.client("stepfunctions", config=QUICK),
    )
