"""A deployed function, as far as running it needs to know."""

import hashlib
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moto.awslambda.utils import get_backend

from localaws.lambda_.code import CodeFolders
from localaws.lambda_.tags import LOG_FORMAT_TAG, LOG_GROUP_TAG, TASK_ROOT_TAG

__all__ = ["Function", "NotRunnable", "log_group"]


class NotRunnable(Exception):
    """A function that localaws cannot run. The message contains what to change."""


@dataclass(frozen=True, slots=True)
class Function:
    """What decides how a worker is made: two functions that are equal could share one."""

    account: str
    region: str
    name: str
    version: str
    arn: str
    handler: str
    runtime: str | None
    memory: int  # MB
    timeout: float  # seconds
    variables: tuple[tuple[str, str], ...]
    task_root: Path
    layers: tuple[Path, ...]
    revision: str  # changes with the code
    log_group: str
    role: str  # its ARN

    @classmethod
    def of(cls, function: Any, folders: CodeFolders) -> "Function":
        """moto's function, with its code and layers unpacked.

        Raises:
            NotRunnable: there is no Python code in it.
        """
        try:
            return cls._unpacked(function, folders)
        except zipfile.BadZipFile:
            raise NotRunnable(
                f"the code of {function.function_name}, or one of its layers, is not a zip archive: "
                "deploy it again"
            ) from None

    @classmethod
    def _unpacked(cls, function: Any, folders: CodeFolders) -> "Function":
        if function.package_type == "Image":
            task_root, handler, revision = _image(function)
        else:
            if not (function.run_time or "").startswith("python"):
                raise NotRunnable(
                    f"{function.function_name} has the runtime {function.run_time}; localaws runs Python"
                )
            if not function.code_bytes:
                raise NotRunnable(f"{function.function_name} has no code: deploy it again")
            task_root, handler = (
                folders.unpacked(function.code_bytes, function.code_sha_256),
                function.handler,
            )
            revision = function.code_sha_256
        backend = get_backend(function.account_id, function.region)
        layers = []
        for layer in function.layers:
            version = backend.layers_versions_by_arn(layer["Arn"])
            if version is not None and version.code_bytes:
                layers.append(folders.unpacked(version.code_bytes, version.code_sha_256))
        variables = {str(name): str(value) for name, value in function.environment_vars.items()}
        if LOG_FORMAT_TAG in function.tags:
            variables.setdefault("AWS_LAMBDA_LOG_FORMAT", function.tags[LOG_FORMAT_TAG])
        return cls(
            account=function.account_id,
            region=function.region,
            name=function.function_name,
            version="$LATEST" if str(function.version) in {"1", "$LATEST"} else str(function.version),
            arn=function.function_arn,
            handler=handler,
            runtime=function.run_time,
            memory=int(function.memory_size),
            timeout=float(function.timeout),
            variables=tuple(sorted(variables.items())),
            task_root=task_root,
            layers=tuple(layers),
            revision=revision,
            log_group=log_group(function),
            role=str(function.role),
        )


def log_group(function: Any) -> str:
    """The log group of moto's function."""
    return str(function.tags.get(LOG_GROUP_TAG) or function.logs_group_name)


def _image(function: Any) -> tuple[Path, str, str]:
    root = function.tags.get(TASK_ROOT_TAG)
    command = function.image_config.cmd
    if not root:
        raise NotRunnable(
            f"{function.function_name} is an image without sources: set its Metadata.DockerContext "
            "to the folder from which the image is built, and deploy again"
        )
    if not Path(root).is_dir():
        raise NotRunnable(
            f"{function.function_name} has its sources in {root}, which no longer exists: deploy it again"
        )
    if not command:
        raise NotRunnable(f"{function.function_name} is an image: name its handler in ImageConfig.Command")
    described = json.dumps([function.tags, function.code], sort_keys=True, default=str)
    return Path(root), command[0], hashlib.sha256(described.encode()).hexdigest()
