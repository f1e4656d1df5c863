"""Forecast: the requested quantiles of every series in one shard."""

from typing import Any

from stepcast import engine
from stepcast.pipeline import failures, layout, objects, resources
from stepcast.pipeline.compiling import compiling_logged
from stepcast.pipeline.internal_errors import step
from stepcast.pipeline.log import log
from stepcast.pipeline.run import ShardRun
from stepcast.pipeline.shards import read_shard
from stepcast.pipeline.task import shard_task
from stepcast.pipeline.trained_files import read_trained, write_forecast

__all__ = ["forecast"]


@step
def forecast(run: ShardRun, *, s3: Any) -> ShardRun:
    """The run unchanged; the quantiles are stored with the shard."""
    with failures.noted(s3, run, "Forecast"):
        params = run.params(s3)
        if run.shard == 0:
            trained_predictor = run.name_of(params.predictor.predictor_name)
            resources.mark(s3, run.bucket, "predictor", trained_predictor, "ACTIVE")
            described = {
                "ForecastTypes": list(params.forecast.forecast_types),
                "Predictor": trained_predictor,
            }
            name = run.name_of(params.forecast.forecast_name)
            resources.create(s3, run.bucket, "forecast", name, described)
        shard = read_shard(objects.read(s3, run.bucket, layout.shard(run.work, run.shard)))
        task, panel = shard_task(params, shard.key_names), shard.panel
        trained = read_trained(s3, run, run.shard)
        with compiling_logged():
            predicted = engine.forecast(panel, task, trained)
        write_forecast(s3, run, run.shard, predicted)
    log.info("predicted", run=run.run, shard=run.shard, series=len(panel))
    return run
