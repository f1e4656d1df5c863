"""Deploy a template file: package the local files that it names, then create or update its stack."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from localaws.cloudformation.problems import DeploymentFailed, Problem
from localaws.cloudformation.sources import packaged
from localaws.cloudformation.yaml_text import TemplateSyntax, read_template

__all__ = ["Deployment", "deploy_template"]


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployed stack: its outputs, and the physical id of each of its resources by logical id."""

    stack: str
    outputs: dict[str, str] = field(default_factory=dict)
    resources: dict[str, str] = field(default_factory=dict)


def deploy_template(
    path: Path,
    stack: str,
    parameters: Mapping[str, str],
    *,
    account: str,
    region: str,
    client: Callable[[str], Any],
) -> Deployment:
    """Create the stack, or update it if it exists.

    A parameter that is not given keeps its value in an update, as with ``sam deploy``.

    Raises:
        DeploymentFailed: the message lists each problem, and what to change.
        FileNotFoundError: there is no template at ``path``.
    """
    from moto.cloudformation.exceptions import ValidationError
    from moto.cloudformation.models import cloudformation_backends

    if not path.is_file():
        raise FileNotFoundError(f"there is no template {path}")
    try:
        template = read_template(path.read_text(encoding="utf-8"))
    except TemplateSyntax as error:
        raise DeploymentFailed(stack, [Problem(str(path), str(error))], "nothing was created") from error
    template, problems = packaged(template, path.parent, _uploader(client, account, region))
    if problems:
        raise DeploymentFailed(stack, problems, "nothing was created")

    backend = cloudformation_backends[account][region]
    text = json.dumps(template, default=str)
    existing = next((known for known in backend.stacks.values() if known.name == stack), None)
    if existing is not None and existing.status in {"ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS"}:
        backend.delete_stack(existing.stack_id)
        existing = None
    given = {name: str(value) for name, value in parameters.items()}
    deployed: Any
    try:
        if existing is None:
            deployed = backend.create_stack(stack, text, given)
        else:
            declared = template.get("Parameters") or {}
            kept = {name: value for name, value in existing.parameters.items() if name in declared}
            existing.update(text, parameters={**kept, **given})
            deployed = existing
    except ValidationError as error:
        cause = error.__cause__
        if isinstance(cause, DeploymentFailed):
            raise cause from None
        raise DeploymentFailed(
            stack, [Problem("template", str(error.message))], "nothing was created"
        ) from error
    if deployed.failure is not None:
        raise deployed.failure
    return Deployment(
        stack,
        {output.key: output.value for output in deployed.output_map.values()},
        {
            resource.logical_resource_id: resource.physical_resource_id
            for resource in deployed.stack_resources
        },
    )


def _uploader(
    client: Callable[[str], Any], account: str, region: str
) -> Callable[[bytes, str], tuple[str, str]]:
    """Store archives in a separate bucket, as the SAM CLI does."""
    bucket = f"localaws-artifacts-{account}-{region}"

    def upload(body: bytes, key: str) -> tuple[str, str]:
        s3 = client("s3")
        if bucket not in {known["Name"] for known in s3.list_buckets()["Buckets"]}:
            where = (
                {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
            )
            s3.create_bucket(Bucket=bucket, **where)
        s3.put_object(Bucket=bucket, Key=key, Body=body)
        return bucket, key

    return upload
