"""The deployed template that a command works with: its own private one, or a running ``stepcast up``'s."""

import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from stepcast.cli.failure import Failure
from stepcast.cli.project import Project
from stepcast.cli.running import Running, living

if TYPE_CHECKING:
    from localaws import LocalAws

__all__ = ["STACK", "Stack", "attach", "deploy", "private"]

STACK = "stepcast"
# The proxies of HTTP_PROXY are for the world outside; the stack is on this machine.
LOCAL = Config(proxies={}, retries={"mode": "standard", "max_attempts": 3})


@dataclass(frozen=True)
class Stack:
    """A deployed template: where it answers, its outputs, and its resources by logical id."""

    endpoint: str
    region: str
    outputs: Mapping[str, str]
    resources: Mapping[str, str]
    mailbox: Path | None = None  # the folder of its SNS messages; None where it is another's stack
    credentials: Path | None = None  # the file with the keys that it asks for; None where any will do

    def client(self, service: str) -> Any:
        """A boto3 client that speaks to this stack, whatever AWS_* and ~/.aws say."""
        return self._session.client(service, endpoint_url=self.endpoint, config=LOCAL)

    @cached_property
    def s3(self) -> Any:
        return self.client("s3")

    @cached_property
    def states(self) -> Any:
        return self.client("stepfunctions")

    @cached_property
    def _session(self) -> boto3.session.Session:
        if self.credentials is not None:
            from localaws.gate.keys import own_keys

            keys = own_keys(self.credentials.parent)
            return boto3.session.Session(keys.access_key, keys.secret, region_name=self.region)
        return boto3.session.Session(
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106 - any key will do on this machine
            region_name=self.region,
        )

    @property
    def bucket(self) -> str:
        return self.outputs["BucketName"]

    @property
    def database(self) -> str:
        return self.outputs["DatabaseName"]

    @property
    def state_machine(self) -> str:
        return self.outputs["StateMachineArn"]

    def function(self, logical_id: str) -> str:
        """The name of a function; Failure lists them where there is no such one."""
        functions = sorted(name for name in self.resources if name.endswith("Function"))
        if logical_id in functions:
            return self.resources[logical_id]
        raise Failure(f"there is no function {logical_id!r}; template.yaml has {', '.join(functions)}")


def deploy(server: "LocalAws", project: Project, **parameters: str) -> Stack:
    """Deploy template.yaml, or bring what is deployed up to date with it."""
    deployment = server.deploy(project.template, STACK, parameters)
    return Stack(
        server.endpoint,
        server.region,
        deployment.outputs,
        deployment.resources,
        server.mailbox.folder,
        server.credentials.path if server.credentials else None,
    )


@contextmanager
def private(project: Project, **parameters: str) -> Iterator[Stack]:
    """A stack of one's own on a free port, in a temporary directory; gone when the context ends."""
    from localaws import LocalAws

    before = signal.signal(signal.SIGTERM, _end)
    try:
        with LocalAws() as server:
            yield deploy(server, project, **parameters)
    finally:
        signal.signal(signal.SIGTERM, before)


def _end(number: int, _: object) -> None:
    """Unwind instead of dying on the spot: the stack's worker processes would be left behind."""
    sys.exit(128 + number)


def attach(endpoint: str | None = None) -> Stack:
    """The stack at ``endpoint``, or the one that runs; Failure says how to start or choose one."""
    running = _choose(endpoint, living())
    stack = Stack(
        running.endpoint,
        running.region,
        {},
        {},
        Path(running.mailbox) if running.mailbox else None,
        Path(running.credentials) if running.credentials else None,
    )
    cloudformation = stack.client("cloudformation")
    try:
        described = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
        resources = cloudformation.describe_stack_resources(StackName=STACK)["StackResources"]
    except (BotoCoreError, ClientError, ValueError) as error:
        raise Failure(
            f"no Stepcast stack answers at {running.endpoint} ({error}): start one with `stepcast up`"
        ) from None
    return Stack(
        endpoint=stack.endpoint,
        region=stack.region,
        outputs={output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]},
        resources={row["LogicalResourceId"]: row["PhysicalResourceId"] for row in resources},
        mailbox=stack.mailbox,
        credentials=stack.credentials,
    )


def _choose(endpoint: str | None, running: list[Running]) -> Running:
    if endpoint is not None:
        same = (one for one in running if one.endpoint.rstrip("/") == endpoint.rstrip("/"))
        return next(same, Running(endpoint, "us-east-1", 0, ""))
    if len(running) == 1:
        return running[0]
    if not running:
        raise Failure("nothing runs: start the local stack with `stepcast up` in another terminal")
    choices = ", ".join(sorted(one.endpoint for one in running))
    raise Failure(f"{len(running)} stacks run: choose one with --endpoint, of {choices}")
