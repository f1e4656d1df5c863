"""Builds the event of a step: the recorded one, adapted to the current input of a stack."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from pydantic import ValidationError

from stepcast.cli.failure import Failure
from stepcast.cli.project import Project
from stepcast.cli.stack import Stack
from stepcast.pipeline import layout, objects, vintages
from stepcast.pipeline.run import Run, fingerprint

__all__ = ["event_for", "present_input", "present_run", "remember", "run_in"]


def present_input(stack: Stack) -> str:
    """The fingerprint of the bucket's input; Failure if the input is incomplete."""
    run = fingerprint(stack.s3, stack.bucket)
    if run is None:
        raise Failure(
            f"s3://{stack.bucket}/ contains no input yet: upload {layout.PARAMS} and files under "
            f"{layout.TRAIN}, or start with `stepcast up --before STEP`, which uploads the sample input"
        )
    return run


def present_run(stack: Stack) -> Run:
    """The run of the bucket's current input, for steps that are invoked one by one.

    Its vintage is that of the previous step, or a new one if there was none.
    """
    run = present_input(stack)
    current = vintages.current(stack.s3, stack.bucket)
    vintage = max(_invoked(stack, run), default=None)
    if vintage is None or (current and vintage < current.vintage):
        vintage = vintages.own(stack.s3, stack.bucket, datetime.now(UTC), execution=str(uuid4()))
    made = Run(bucket=stack.bucket, run=run, vintage=vintage)
    remember(stack, made)
    return made


def remember(stack: Stack, run: Run) -> None:
    """Keep the vintage for the next invoked step. Cleanup removes it with the work files."""
    for vintage in _invoked(stack, run.run):
        if vintage != run.vintage:
            stack.s3.delete_object(Bucket=stack.bucket, Key=_note(run.run, vintage))
    objects.write(stack.s3, stack.bucket, _note(run.run, run.vintage), b"")


def event_for(stack: Stack, project: Project, function: str, shard: int = 0) -> dict[str, Any]:
    """The event of ``function``, by its logical id, for the bucket's current input."""
    recorded = project.event(function)
    if "Records" in recorded:
        return _upload(stack, recorded)
    event = {**recorded, **present_run(stack).model_dump(mode="json", include={"bucket", "run", "vintage"})}
    return {**event, "shard": shard} if "shard" in event else event


def run_in(event: Any) -> Run | None:
    """The run of an event; None if it has none."""
    try:
        return Run.model_validate(event)
    except ValidationError:
        return None


def _upload(stack: Stack, recorded: dict[str, Any]) -> dict[str, Any]:
    """The event that S3 would send now for params.json."""
    (record,) = recorded["Records"]
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    bucket = {"name": stack.bucket, "arn": f"arn:aws:s3:::{stack.bucket}"}
    s3 = {**record["s3"], "bucket": bucket}
    return {"Records": [{**record, "awsRegion": stack.region, "eventTime": now, "s3": s3}]}


def _note(run: str, vintage: str) -> str:
    return f"{layout.work(run)}{vintage}/invoked"


def _invoked(stack: Stack, run: str) -> list[str]:
    """The vintages of the run whose steps are invoked one by one: only one, unless a command was killed."""
    found = objects.keys(stack.s3, stack.bucket, layout.work(run))
    return [key.split("/")[2] for key in found if key.endswith("/invoked")]
