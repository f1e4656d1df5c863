"""TrainPredictor: fit, backtest and forecast one shard of series."""

from typing import Any

from stepcast import engine
from stepcast.engine.algorithms import algorithm_of
from stepcast.pipeline import failures, layout, objects
from stepcast.pipeline.compiling import compiling_logged
from stepcast.pipeline.internal_errors import each_series, step
from stepcast.pipeline.log import log
from stepcast.pipeline.run import ShardRun
from stepcast.pipeline.shards import read_shard
from stepcast.pipeline.task import shard_task
from stepcast.pipeline.trained_files import write_trained

__all__ = ["train_predictor"]


@step
def train_predictor(run: ShardRun, *, s3: Any) -> ShardRun:
    """The run unchanged; the results are stored with the shard."""
    with failures.noted(s3, run, "TrainPredictor"):
        shard = read_shard(objects.read(s3, run.bucket, layout.shard(run.work, run.shard)))
        task, panel = shard_task(run.params(s3), shard.key_names), shard.panel
        learned_jointly = algorithm_of(task).learns_jointly
        shared = objects.read(s3, run.bucket, layout.shared(run.work)) if learned_jointly else b""
        with compiling_logged():
            trained = each_series(panel, lambda part: engine.train(part, task, shared))
        write_trained(s3, run, run.shard, trained)
    log.info("trained", run=run.run, shard=run.shard, series=len(panel))
    return run
