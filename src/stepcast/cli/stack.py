"""The deployed template that a command uses: a private one, or that of a running ``stepcast up``."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from stepcast.cli.commit import commit_of
from stepcast.cli.failure import Failure
from stepcast.cli.function_names import find_function
from stepcast.cli.project import Project
from stepcast.cli.running import Running, living
from stepcast.cli.state_folder import DEFAULT

if TYPE_CHECKING:
    from localaws import LocalAws

__all__ = ["STACK", "Stack", "attach", "deploy", "is_running", "private"]

STACK = "stepcast"
# HTTP_PROXY is for remote hosts; the stack is on this machine.
LOCAL = Config(proxies={}, retries={"mode": "standard", "max_attempts": 3})
# Lambda's longest timeout, plus time in the queue: a client that retries would run the function twice.
PATIENT = Config(read_timeout=1800, retries={"total_max_attempts": 1})

# Of a run's functions each has its turn once: what waited for another would only take memory.
IDLE_SECONDS = 1.0


@dataclass(frozen=True)
class Stack:
    """A deployed template: its endpoint, its outputs, and its resources by logical id."""

    endpoint: str
    region: str
    outputs: Mapping[str, str]
    resources: Mapping[str, str]
    mailbox: Path | None = None  # the folder of its SNS messages; None for a remote stack
    credentials: Path | None = None  # the file with the required keys; None if any keys are accepted

    def client(self, service: str, patient: bool = False) -> Any:
        """A boto3 client for this stack, independent of AWS_* and ~/.aws.

        A ``patient`` client waits as long as a function may run, and does not retry.
        """
        config = LOCAL.merge(PATIENT) if patient else LOCAL
        return self._session.client(service, endpoint_url=self.endpoint, config=config)

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

    @property
    def functions(self) -> list[str]:
        """The logical ids of the functions."""
        return sorted(name for name in self.resources if name.endswith("Function"))

    def logical_id(self, name: str) -> str:
        """The logical id of a function, from any of its names; Failure with the list of functions."""
        return find_function(name, self.functions)

    def function(self, name: str) -> str:
        """The physical name of a function, from any of its names."""
        return self.resources[self.logical_id(name)]


def deploy(server: "LocalAws", project: Project, **parameters: str) -> Stack:
    """Deploy template.yaml, or update the deployed stack to it."""
    if commit := commit_of(project):
        parameters.setdefault("Commit", commit)
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
    """A private stack on a free port, in a temporary directory; removed when the context ends."""
    from localaws import LocalAws
    from stepcast.cli.preloaded import PRELOADED_FOR_A_RUN

    with LocalAws(preload=PRELOADED_FOR_A_RUN, idle_seconds=IDLE_SECONDS) as server:
        yield deploy(server, project, **parameters)


def is_running() -> bool:
    """Whether this user has a running stack."""
    return bool(living())


def attach(endpoint: str | None = None) -> Stack:
    """The stack at ``endpoint``, or the running one; Failure with how to start or choose one."""
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
            f"no Stepcast stack responds at {running.endpoint} ({error}): start one with `stepcast up`"
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
    here = [one for one in running if one.state == str(DEFAULT.resolve())]
    if len(running) == 1 or here:
        return (here or running)[0]
    if not running:
        raise Failure("no stack is running: start one with `stepcast up` in another terminal")
    choices = ", ".join(sorted(one.endpoint for one in running))
    raise Failure(f"{len(running)} stacks are running: choose one with --endpoint: {choices}")
