"""TrainPredictor: examine one shard of series, backtest it and see what comes."""

from typing import Any

from stepcast.engine import auto, predictor
from stepcast.pipeline import failures, layout, learned, objects
from stepcast.pipeline.compiling import compiling_logged
from stepcast.pipeline.internal_errors import each_series, step
from stepcast.pipeline.log import log
from stepcast.pipeline.run import ShardRun
from stepcast.pipeline.shards import read_shard
from stepcast.pipeline.task import task_of

__all__ = ["train_predictor"]


@step
def train_predictor(run: ShardRun, *, s3: Any) -> ShardRun:
    """The run as it was; what was learned lies beside the shard."""
    with failures.noted(s3, run, "TrainPredictor"):
        task = task_of(run.params(s3))
        panel = read_shard(objects.read(s3, run.bucket, layout.shard(run.work, run.shard))).panel
        if task.algorithm is None:
            shared = auto.Shared.from_bytes(objects.read(s3, run.bucket, layout.shared(run.work)))
            with compiling_logged():
                trained = each_series(panel, lambda part: auto.train(part, task, shared))
        else:
            trained = each_series(panel, lambda part: predictor.train(part, task))
        objects.write(s3, run.bucket, layout.trained(run.work, run.shard), learned.dump_trained(trained))
    log.info("trained", run=run.run, shard=run.shard, series=len(panel))
    return run
