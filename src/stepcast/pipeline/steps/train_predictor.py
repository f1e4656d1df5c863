"""TrainPredictor: backtest the candidate models on one shard of series and choose one for each."""

from typing import Any

from stepcast.engine import predictor
from stepcast.pipeline import failures, layout, learned, objects, resources
from stepcast.pipeline.log import log
from stepcast.pipeline.run import ShardRun
from stepcast.pipeline.shards import read_shard
from stepcast.pipeline.task import task_of

__all__ = ["train_predictor"]


def train_predictor(run: ShardRun, *, s3: Any) -> ShardRun:
    """The run as it was; what was learned lies beside the shard."""
    with failures.noted(s3, run, "TrainPredictor"):
        params = run.params(s3)
        if run.shard == 0:
            name = run.name_of(params.predictor.predictor_name)
            described = params.predictor.model_dump(mode="json", by_alias=True, exclude_defaults=True)
            resources.create(s3, run.bucket, "predictor", name, described)
        shard = read_shard(objects.read(s3, run.bucket, layout.shard(run.run, run.shard)))
        trained = predictor.train(shard.panel, task_of(params))
        objects.write(s3, run.bucket, layout.trained(run.run, run.shard), learned.dump_trained(trained))
    log.info("trained", run=run.run, shard=run.shard, series=len(shard.panel))
    return run
