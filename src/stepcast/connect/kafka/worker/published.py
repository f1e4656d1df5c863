"""Predictors as a published run keeps them, in its bucket or in the folder of ``stepcast run --out``.

They are fetched once for all workers of a command, into a folder that each of them reads.
"""

from datetime import UTC, datetime
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

from stepcast import engine
from stepcast.connect.errors import ConnectorError
from stepcast.connect.finished_run import LATEST, find
from stepcast.connect.kafka.worker.trained import Trained
from stepcast.engine.sampling import Draw
from stepcast.engine.task import AUTO
from stepcast.pipeline import layout, objects, vintages
from stepcast.pipeline.errors import ResourceNotFoundException
from stepcast.pipeline.params import Params
from stepcast.pipeline.shards import read_shard
from stepcast.pipeline.task import task_of

__all__ = ["age_of", "fetch", "newest", "read_params", "read_predictor"]

SHARED = "shared.npz"


def fetch(s3: Any, bucket: str, folder: Path, predictor: str = LATEST) -> Path:
    """Put the predictor of that name or ARN below ``folder``; where. ConnectorError if it is of no use."""
    run = find(s3, bucket, predictor.rpartition("/")[2])
    name = run.manifest.predictor
    params = run.text(layout.vintage_params(run.root, run.manifest.vintage))
    prefix = layout.predictor(name, "shards")
    parts = [(key, _read(s3, bucket, key)) for key in objects.keys(s3, bucket, prefix)]
    if params is None or not parts or any(content is None for _, content in parts):
        raise ConnectorError(
            f"predictor {name} is gone: a newer one was published, and only that is kept. Use --predictor "
            "latest"
        )
    algorithm = task_of(Params.model_validate_json(params)).algorithm
    if algorithm != AUTO:
        raise ConnectorError(
            f"predictor {name} is {algorithm}, which is fitted anew each time: only an AutoPredictor goes on "
            "with a stream"
        )
    place = folder / name
    (place / "shards").mkdir(parents=True, exist_ok=True)
    (place / layout.PARAMS).write_text(params, "utf-8")
    for key, content in parts:
        (place / "shards" / key.removeprefix(prefix)).write_bytes(content or b"")
    shared = _read(s3, bucket, layout.kept_shared(name))
    if shared is None:  # of a run before predictors kept it: the same draw gives the same
        panels = (read_shard(content or b"").panel for _, content in parts)
        shared = engine.fit_shared(reduce(add, map(Draw.of, panels)), task_of(read_params(place)))
    (place / SHARED).write_bytes(shared)
    return place


def newest(s3: Any, bucket: str) -> str | None:
    """The name of the predictor that was published last."""
    current = vintages.current(s3, bucket)
    return None if current is None else current.predictor


def age_of(predictor: str, now: datetime | None = None) -> float | None:
    """Seconds since a predictor was made, by its name; None where that does not say.

    >>> age_of("Demo_20260102T030405Z1f8a90c2", datetime(2026, 1, 2, 4, 4, 5, tzinfo=UTC))
    3600.0
    """
    stamp = layout.stamp_of(predictor)
    if stamp is None:
        return None
    made = datetime.strptime(stamp[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return ((now or datetime.now(UTC)) - made).total_seconds()


def read_params(folder: Path) -> Params:
    """The params.json that the predictor was made by."""
    return Params.model_validate_json((folder / layout.PARAMS).read_bytes())


def read_predictor(folder: Path) -> Trained:
    """What ``fetch`` put there."""
    panels = [read_shard(path).panel for path in sorted((folder / "shards").iterdir())]
    return Trained(folder.name, task_of(read_params(folder)), panels, (folder / SHARED).read_bytes())


def _read(s3: Any, bucket: str, key: str) -> bytes | None:
    try:
        return objects.read(s3, bucket, key)
    except ResourceNotFoundException:
        return None
