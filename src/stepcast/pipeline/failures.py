"""Notes on failures that the state machine is not told: a distributed Map says only that some child failed,
and EMR Serverless that a job did.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from stepcast.pipeline import layout, objects
from stepcast.pipeline.internal_errors import internal
from stepcast.pipeline.run import Run, ShardRun

__all__ = ["note", "noted", "notes"]


@contextmanager
def noted(s3: Any, run: ShardRun, step: str) -> Iterator[None]:
    """Record an exception before it leaves the step."""
    try:
        yield
    except Exception as raised:
        error = internal(raised, step, run)
        note(s3, run, step, type(error).__name__, f"{step}, shard {run.shard}: {error}", run.shard)
        if error is raised:
            raise
        raise error from raised


def note(s3: Any, run: Run, step: str, error: str, cause: str, shard: int = 0) -> None:
    """Record why a step failed, for ``notes``."""
    noted = json.dumps({"Error": error, "Cause": cause})
    objects.write(s3, run.bucket, layout.failure(run.work, step, shard), noted)


def notes(s3: Any, run: Run) -> list[dict[str, str]]:
    """The failures, one ``{"Error", "Cause"}`` for each shard."""
    return [
        objects.read_json(s3, run.bucket, key)
        for key in objects.keys(s3, run.bucket, layout.failures(run.work))
    ]
