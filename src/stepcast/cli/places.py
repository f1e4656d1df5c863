"""Where a command writes: files of this machine, or objects of a bucket, named ``s3://BUCKET/KEY``."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from stepcast.connect.kafka.folders import Folder
    from stepcast.connect.train_file import Place

__all__ = ["folder", "place", "s3_of"]


def place(name: str, option: str) -> "Place":
    """The place that an option names; usage error where it is half a name."""
    from stepcast.connect.train_file import LocalFile, S3Object

    if not name.startswith("s3://"):
        return LocalFile(Path(name))
    found = re.fullmatch(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(.*[^/])", name)
    if found is None:
        raise typer.BadParameter(
            f"{name} is no object: write it as in s3://BUCKET/train/x.csv", param_hint=option
        )
    return S3Object(s3_of(found[1]), *found.groups())


def folder(name: str, option: str) -> "Folder":
    """The folder that an option names: of this machine, or ``s3://BUCKET/PREFIX/``."""
    from stepcast.connect.kafka.folders import LocalFolder, S3Folder

    if not name.startswith("s3://"):
        return LocalFolder(Path(name))
    found = re.fullmatch(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(.*)", name)
    if found is None:
        raise typer.BadParameter(f"{name} is no folder: write it as in s3://BUCKET/train/", param_hint=option)
    prefix = found[2] if found[2].endswith("/") or not found[2] else f"{found[2]}/"
    return S3Folder(s3_of(found[1]), found[1], prefix)


def s3_of(bucket: str) -> Any:
    """A client for the bucket: of the local stack whose bucket it is, else by AWS's own settings."""
    from stepcast.cli.failure import Failure
    from stepcast.cli.running import living
    from stepcast.cli.stack import attach

    for running in living():
        try:
            stack = attach(running.endpoint)
        except Failure:  # it is starting, or stopping
            continue
        if stack.bucket == bucket:
            return stack.s3
    import boto3

    return boto3.client("s3")
