"""The file of a model that params.json names, in the version that the run reads."""

from typing import Any

from stepcast.engine.errors import BadParameter
from stepcast.engine.own_model.parameters import MODEL
from stepcast.pipeline import inputs, layout, objects
from stepcast.pipeline.errors import ResourceNotFoundException
from stepcast.pipeline.run import Run

__all__ = ["read"]


def read(s3: Any, run: Run, key: str) -> bytes:
    """BadParameter, with the files that are there, where ``key`` does not exist."""
    recorded = inputs.read(s3, run.bucket, run.work)
    pinned = s3 if recorded is None else inputs.VersionedInput(s3, recorded)
    try:
        return objects.read(pinned, run.bucket, key)
    except ResourceNotFoundException:
        there = ", ".join(objects.keys(s3, run.bucket, layout.MODELS)) or "nothing"
        what = f"s3://{run.bucket}/ has no such file; upload it, or name another: {layout.MODELS} has {there}"
        raise BadParameter(MODEL, key, what) from None
