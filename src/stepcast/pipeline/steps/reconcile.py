"""Reconcile: make the forecasts of all levels of a hierarchy agree, in the backtest, too."""

from typing import Any

from stepcast.engine.results import Forecast, Trained
from stepcast.pipeline import layout, objects, shard_list
from stepcast.pipeline.hierarchy.reconciled import reconciled
from stepcast.pipeline.internal_errors import step
from stepcast.pipeline.log import log
from stepcast.pipeline.run import Run
from stepcast.pipeline.shards import Shard, read_shard
from stepcast.pipeline.task import task_of
from stepcast.pipeline.trained_files import read_forecast, read_trained, write_reconciled

__all__ = ["reconcile"]


@step
def reconcile(run: Run, *, s3: Any) -> Run:
    """The run unchanged; the forecasts of all shards, of series and of sums, are stored for Export.

    Shards of series are read one at a time, several times. Idempotent. Without a hierarchy, there is nothing
    to do.

    Raises Superseded on newer input.
    """
    run.check_current(s3)
    params = run.params(s3)
    if params.predictor.hierarchy is None:
        return run
    stored, sums = _Stored(run, s3), 0
    for number, made in reconciled(params, task_of(params), stored):
        write_reconciled(s3, run, number, made.trained, made.forecast)
        sums += len(made.forecast.values) if number in stored.sums else 0
    log.info("reconciled", run=run.run, sums=sums, method=params.predictor.hierarchy.method)
    return run


class _Stored:
    """The shards of a run in its bucket."""

    def __init__(self, run: Run, s3: Any) -> None:
        self._run, self._s3 = run, s3
        self.series = shard_list.series_shards(s3, run.bucket, run.work)
        self.sums = shard_list.sum_shards(s3, run.bucket, run.work)

    def shard(self, number: int) -> Shard:
        return read_shard(objects.read(self._s3, self._run.bucket, layout.shard(self._run.work, number)))

    def results(self, number: int) -> tuple[Trained, Forecast]:
        return read_trained(self._s3, self._run, number), read_forecast(self._s3, self._run, number)
