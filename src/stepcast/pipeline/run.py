"""One run: the input for which it was started, and whether that is still the bucket's input."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict, Field

from stepcast.pipeline import layout, objects
from stepcast.pipeline.errors import Superseded, Unsettled
from stepcast.pipeline.params import Params

__all__ = ["Input", "Run", "ShardRun", "fingerprint", "present_input"]


class Run(BaseModel):
    """The input of every state: only references, so the state stays small however large the data.

    ``run``      the fingerprint of the input; the execution is named after it.
    ``vintage``  when the run was started, and its mark; part of the name of all its output.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")  # the state also carries $.error and the like

    bucket: str
    run: str
    vintage: Annotated[str, Field(pattern=layout.VINTAGE)]
    settle_seconds: int = 0
    perform_delete: bool = False

    @property
    def work(self) -> str:
        """The prefix of its work files, which two executions for the same input do not share."""
        return f"{self.run}/{self.vintage}"

    def params(self, s3: Any) -> Params:
        """params.json as it was when the run began."""
        return Params.model_validate_json(objects.read(s3, self.bucket, layout.frozen_params(self.work)))

    def name_of(self, base: str) -> str:
        """A resource's name: the user's name and the vintage, at most 63 characters.

        >>> Run(bucket="b", run="r", vintage="2026-01-02T03-04-05Z-1f8a90c2").name_of("Demo")
        'Demo_20260102T030405Z1f8a90c2'
        """
        return layout.resource_name(base, self.vintage)

    def check_current(self, s3: Any) -> "Input":
        """The bucket's input; raise Superseded if it is no longer the input of this run."""
        present = present_input(s3, self.bucket)
        if present is None or present.run != self.run:
            now = present.run if present is not None else None
            raise Superseded(f"the input of run {self.run} has changed; run {now} produces the forecast")
        return present

    def check_settled(self, s3: Any) -> None:
        """Raise Superseded on newer input, Unsettled if the newest file is younger than settle_seconds."""
        quiet = datetime.now(UTC) - self.check_current(s3).uploaded
        if quiet < timedelta(seconds=self.settle_seconds):
            raise Unsettled(
                f"the newest file arrived {quiet.total_seconds():.0f} s ago, less than SettleSeconds "
                f"({self.settle_seconds}); run {self.run} waits for further files"
            )


class ShardRun(Run):
    """A run's work on one shard of series."""

    shard: int


@dataclass(frozen=True, slots=True)
class Input:
    """The bucket's input: the name of its run, and when its newest object was uploaded."""

    run: str
    uploaded: datetime


def fingerprint(s3: Any, bucket: str) -> str | None:
    """The name of the run for the bucket's input; None while params.json or train/ is missing."""
    present = present_input(s3, bucket)
    return present.run if present is not None else None


def present_input(s3: Any, bucket: str) -> Input | None:
    """The bucket's input; None while params.json or train/ is missing.

    The run's name is a hash of the keys and ETags of params.json and of everything under train/, related/ and
    metadata/: the same input has the same name, regardless of the event.
    """
    try:
        params = s3.head_object(Bucket=bucket, Key=layout.PARAMS)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
            return None
        raise
    digest = hashlib.sha256(f"{layout.PARAMS}\0{params['ETag']}\n".encode())
    uploaded: datetime = params["LastModified"]
    trains = 0
    for prefix in layout.INPUTS:
        for entry in objects.entries(s3, bucket, prefix):
            if entry["Size"] == 0 and entry["Key"].endswith("/"):
                continue  # a folder marker, which consoles create
            trains += prefix == layout.TRAIN
            uploaded = max(uploaded, entry["LastModified"])
            digest.update(f"{entry['Key']}\0{entry['ETag']}\n".encode())
    return Input(digest.hexdigest()[:32], uploaded) if trains else None
