"""Predictors of published runs, from a bucket or from the folder of ``stepcast run --out``.

A command fetches a predictor once into a folder, from which all its workers read.
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
    """Download the predictor of that name or ARN into a subfolder of ``folder``, and return its path.

    ConnectorError if it does not exist, is no longer stored, or is not an AutoPredictor.
    """
    run = find(s3, bucket, predictor.rpartition("/")[2])
    name = run.manifest.predictor
    params = run.text(layout.vintage_params(run.root, run.manifest.vintage))
    prefix = layout.predictor(name, "shards")
    parts = [(key, _read(s3, bucket, key)) for key in objects.keys(s3, bucket, prefix)]
    if params is None or not parts or any(content is None for _, content in parts):
        raise ConnectorError(
            f"predictor {name} is no longer stored: a newer one was published, and only that is kept. Use "
            "--predictor latest"
        )
    task = task_of(Params.model_validate_json(params))
    if task.algorithm != AUTO:
        raise ConnectorError(
            f"predictor {name} is {task.algorithm}, and a stream can only go on from an AutoPredictor: train "
            "one, with PerformAutoML true in params.json"
        )
    if task.network:
        raise ConnectorError(
            f"predictor {name} was trained with {task.network}, which cannot be updated value by value; "
            "remove AutoMLNetwork from params.json, and train again"
        )
    place = folder / name
    (place / "shards").mkdir(parents=True, exist_ok=True)
    (place / layout.PARAMS).write_text(params, "utf-8")
    for key, content in parts:
        (place / "shards" / key.removeprefix(prefix)).write_bytes(content or b"")
    shared = _read(s3, bucket, layout.kept_shared(name))
    if shared is None:  # an older run did not store it: the same draw gives the same result
        panels = (read_shard(content or b"").panel for _, content in parts)
        shared = engine.fit_shared(reduce(add, map(Draw.of, panels)), task_of(read_params(place)))
    (place / SHARED).write_bytes(shared)
    return place


def newest(s3: Any, bucket: str) -> str | None:
    """The name of the predictor published last; None if there is none."""
    current = vintages.current(s3, bucket)
    return None if current is None else current.predictor


def age_of(predictor: str, now: datetime | None = None) -> float | None:
    """Seconds since a predictor was created, from its name; None if the name has no time.

    >>> age_of("Demo_20260102T030405Z1f8a90c2", datetime(2026, 1, 2, 4, 4, 5, tzinfo=UTC))
    3600.0
    """
    stamp = layout.stamp_of(predictor)
    if stamp is None:
        return None
    made = datetime.strptime(stamp[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return ((now or datetime.now(UTC)) - made).total_seconds()


def read_params(folder: Path) -> Params:
    """The params.json of the predictor."""
    return Params.model_validate_json((folder / layout.PARAMS).read_bytes())


def read_predictor(folder: Path) -> Trained:
    """Load the predictor that ``fetch`` wrote."""
    panels = [read_shard(path).panel for path in sorted((folder / "shards").iterdir())]
    return Trained(folder.name, task_of(read_params(folder)), panels, (folder / SHARED).read_bytes())


def _read(s3: Any, bucket: str, key: str) -> bytes | None:
    try:
        return objects.read(s3, bucket, key)
    except ResourceNotFoundException:
        return None
