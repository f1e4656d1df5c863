"""Import moto without the services that are not used.

Its CloudFormation imports the models of every service of which it could make resources, and its Step
Functions those of Batch: EC2's list of instances, its regions, a validator of OpenAPI, and more, 0.9 s in all
(moto 5.2.5, cloudformation/parsing.py and state_task_service_batch.py). localaws makes resources itself, and
has no Batch. So these packages are empty while those two are imported, and themselves again afterwards: a
request for one of these services finds it whole.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from types import ModuleType
from typing import Any

__all__ = ["import_moto"]

_SERVICES = (
    "apigateway",
    "autoscaling",
    "batch",
    "datapipeline",
    "ec2",
    "ecs",
    "efs",
    "elb",
    "elbv2",
    "emr",
    "iot",
    "rds",
    "redshift",
    "route53",
    "sagemaker",
)


def import_moto() -> None:
    """Import what would import everything; nothing happens where it is imported already."""
    with _empty(_SERVICES):
        import moto.cloudformation.parsing
        import moto.stepfunctions.parser.models  # noqa: F401


@contextmanager
def _empty(services: tuple[str, ...]) -> Iterator[None]:
    """Packages without content in the place of those that are not imported yet."""
    made: dict[str, ModuleType] = {}
    for service in services:
        if f"moto.{service}" in sys.modules:
            continue
        for part in ("", ".models", ".models.core", ".utils"):
            module = made[f"{service}{part}"] = ModuleType(f"moto.{service}{part}")
            module.__path__ = []
        vars(made[service])["models"] = made[f"{service}.models"]
    for name, attribute, value in _NAMED:
        if name in made:
            vars(made[name])[attribute] = value
    sys.modules.update({f"moto.{name}": module for name, module in made.items()})
    try:
        yield
    finally:
        for name in made:
            del sys.modules[f"moto.{name}"]


class _Resource:
    """Of EC2: moto asks whether a resource is one, and none is."""


class _Ec2Backends:
    """Of EC2: SSM looks up images in them, when it is asked for their public parameters."""

    def __getitem__(self, account: str) -> Any:
        from moto.ec2.models import ec2_backends

        return ec2_backends[account]


class _Job(Enum):
    """Of Batch: what the code of its integration, which is refused, names."""

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


_NAMED: tuple[tuple[str, str, Any], ...] = (
    ("ec2", "ec2_backends", _Ec2Backends()),
    ("ec2.models.core", "TaggedEC2Resource", _Resource),
    ("batch.utils", "JobStatus", _Job),
)
