"""Run a SAM template on this machine, on top of moto: no account, no Docker, no token."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from localaws.activity import Activity
    from localaws.aws_session import UnknownRegion
    from localaws.cloudformation.problems import DeploymentFailed
    from localaws.deployment import Deployment
    from localaws.durability.folder import StateUnusable
    from localaws.gate.keys import KeysUnusable
    from localaws.http_server import HostUnavailable, PortTaken
    from localaws.lambda_.invocation import Invocation
    from localaws.mailbox import Mailbox, Message
    from localaws.preload import Preload
    from localaws.s3.remote.bucket import RemoteBucket
    from localaws.server import AlreadyRunning, LocalAws

__all__ = [
    "Activity",
    "AlreadyRunning",
    "Deployment",
    "DeploymentFailed",
    "HostUnavailable",
    "Invocation",
    "KeysUnusable",
    "LocalAws",
    "Mailbox",
    "Message",
    "PortTaken",
    "Preload",
    "RemoteBucket",
    "StateUnusable",
    "UnknownRegion",
]

_HOMES = {
    "Activity": "localaws.activity",
    "AlreadyRunning": "localaws.server",
    "Deployment": "localaws.deployment",
    "DeploymentFailed": "localaws.cloudformation.problems",
    "HostUnavailable": "localaws.http_server",
    "Invocation": "localaws.lambda_.invocation",
    "KeysUnusable": "localaws.gate.keys",
    "LocalAws": "localaws.server",
    "Mailbox": "localaws.mailbox",
    "Message": "localaws.mailbox",
    "PortTaken": "localaws.http_server",
    "Preload": "localaws.preload",
    "RemoteBucket": "localaws.s3.remote.bucket",
    "StateUnusable": "localaws.durability.folder",
    "UnknownRegion": "localaws.aws_session",
}


def __getattr__(name: str) -> Any:
    # moto takes a second to import: a program that needs only a small part need not wait for it.
    if name not in _HOMES:
        raise AttributeError(f"module 'localaws' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
