"""Notes on failed shards, because a distributed Map reports only that some child failed."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from stepcast.pipeline import layout, objects
from stepcast.pipeline.internal_errors import internal
from stepcast.pipeline.run import Run, ShardRun

__all__ = ["noted", "notes"]


@contextmanager
def noted(s3: Any, run: ShardRun, step: str) -> Iterator[None]:
    """Record an exception before it leaves the step."""
    try:
        yield
    except Exception as raised:
        error = internal(raised, step, run)
        note = {"Error": type(error).__name__, "Cause": f"{step}, shard {run.shard}: {error}"}
        objects.write(s3, run.bucket, layout.failure(run.work, step, run.shard), json.dumps(note))
        if error is raised:
            raise
        raise error from raised


def notes(s3: Any, run: Run) -> list[dict[str, str]]:
    """The failures, one ``{"Error", "Cause"}`` for each shard."""
    return [
        objects.read_json(s3, run.bucket, key)
        for key in objects.keys(s3, run.bucket, layout.failures(run.work))
    ]
