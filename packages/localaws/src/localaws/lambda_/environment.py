"""The environment variables that a handler finds.

Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from localaws.iam.access_keys import Credentials
from localaws.lambda_.binaries import importable_here

__all__ = ["INTERPRETER", "PATH_AFTER_ALL", "log_stream_name", "worker_environment"]

PATH_AFTER_ALL = "LOCALAWS_PATH_AFTER_ALL"
"""What launch.py adds to sys.path behind everything else."""

# What the interpreter and its libraries need of this process's environment to start at all.
_INHERITED = ("PATH", "HOME", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "VIRTUAL_ENV")
INTERPRETER = (*_INHERITED, "TMPDIR", "LANG", "TZ", "PYTHONUNBUFFERED")
"""The variables that every worker's interpreter starts with."""


def worker_environment(
    *,
    name: str,
    version: str,
    handler: str,
    memory: int,
    region: str,
    runtime: str | None,
    log_group: str,
    log_stream: str,
    task_root: Path,
    layers: Sequence[Path],
    temporary: Path,
    endpoint: str,
    credentials: Credentials,
    variables: Mapping[str, str],
) -> dict[str, str]:
    """The worker's whole environment: the function's own variables, and what AWS reserves to itself.

    What is killed leaves its temporary files behind: they lie in the folder ``temporary``, not among others'.
    """
    packages = [layer / "python" for layer in layers]
    python_path = [task_root, *filter(importable_here, packages)]
    after_all = [folder for folder in packages if not importable_here(folder)]
    return {
        **{kept: os.environ[kept] for kept in _INHERITED if kept in os.environ},
        "TMPDIR": str(temporary),
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PYTHONPATH": os.pathsep.join(map(str, python_path)),
        "PYTHONUNBUFFERED": "1",
        PATH_AFTER_ALL: os.pathsep.join(map(str, after_all)),
        "_HANDLER": handler,
        "LAMBDA_TASK_ROOT": str(task_root),
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{runtime or 'python3'}",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        **variables,
        "AWS_ACCESS_KEY_ID": credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
        "AWS_SESSION_TOKEN": credentials.session_token,
    }


def log_stream_name(version: str, worker: str) -> str:
    """A worker's log stream, as Lambda names it: day, version and a unique word."""
    return f"{datetime.now(UTC):%Y/%m/%d}/[{version}]{worker}"
