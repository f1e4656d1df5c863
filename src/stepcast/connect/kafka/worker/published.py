"""Predictors as a published run keeps them, in its bucket or in the folder of ``stepcast run --out``."""

from functools import reduce
from operator import add
from typing import Any

from stepcast import engine
from stepcast.connect.errors import ConnectorError
from stepcast.connect.finished_run import LATEST, FinishedRun, find, published
from stepcast.connect.kafka.worker.trained import Trained
from stepcast.engine.sampling import Draw
from stepcast.engine.task import AUTO
from stepcast.pipeline import layout, objects
from stepcast.pipeline.errors import ResourceNotFoundException
from stepcast.pipeline.params import Params
from stepcast.pipeline.task import task_of

__all__ = ["load", "newest"]


def load(s3: Any, bucket: str, predictor: str = LATEST) -> tuple[Trained, Params]:
    """The predictor of that name or ARN, and the params.json that it was made by; ConnectorError if there is none."""
    run = find(s3, bucket, predictor.rpartition("/")[2])
    name = run.manifest.predictor
    text = run.text(layout.vintage_params(run.root, run.manifest.vintage))
    shards = list(run.shards())
    if text is None or not shards:
        raise ConnectorError(
            f"predictor {name} is gone: a newer one was published, and only that is kept. Use --predictor latest"
        )
    params = Params.model_validate_json(text)
    task = task_of(params)
    if task.algorithm != AUTO:
        raise ConnectorError(
            f"predictor {name} is {task.algorithm}, which is fitted anew each time: only an AutoPredictor goes on "
            "with a stream"
        )
    panels = [shard.panel for shard in shards]
    try:
        shared = objects.read(s3, bucket, layout.kept_shared(name))
    except ResourceNotFoundException:
        shared = engine.fit_shared(reduce(add, map(Draw.of, panels)), task)
    return Trained(name, task, panels, shared), params


def newest(s3: Any, bucket: str) -> str | None:
    """The name of the predictor that was published last."""
    there: list[FinishedRun] = published(s3, bucket)
    return there[-1].manifest.predictor if there else None
