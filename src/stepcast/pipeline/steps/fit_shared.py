"""FitShared: tune parameters, and fit what all shards share, once, on a bounded sample of them all."""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import reduce
from importlib.util import find_spec
from operator import add
from typing import Any

from stepcast import engine
from stepcast.engine.algorithms import algorithm_of
from stepcast.engine.errors import MissingPackage, UnusableModel
from stepcast.engine.own_model.parameters import MODEL
from stepcast.engine.panel import Panel
from stepcast.engine.sampling import Draw
from stepcast.pipeline import layout, objects, own_model, resources, shard_list, tuned
from stepcast.pipeline.compiling import compiling_logged
from stepcast.pipeline.internal_errors import step
from stepcast.pipeline.log import log
from stepcast.pipeline.monitoring import reuse
from stepcast.pipeline.run import Run
from stepcast.pipeline.shards import read_shard
from stepcast.pipeline.task import task_of
from stepcast.pipeline.training import training_logged

__all__ = ["fit_shared"]


@step
def fit_shared(run: Run, *, s3: Any, seconds_left: Callable[[], float] = lambda: math.inf) -> Run:
    """The run unchanged; the predictor's document and the shared models are written.

    With PerformHPO, training parameters are tuned first; later steps find them in the run's params. An
    algorithm that fits each series by itself has nothing more to learn here. With Retrain: on_drift, what the
    last predictor learned is taken where MonitorDrift found nothing. ``seconds_left`` are those of this
    invocation.

    Raises Superseded on newer input, TuningContinues where tuning needs another invocation.
    """
    run.check_current(s3)
    params = run.params_as_asked(s3)
    described = params.predictor.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    name = run.name_of(params.predictor.predictor_name)
    resources.create(s3, run.bucket, "predictor", name, described)
    task, tunes = task_of(params), params.predictor.perform_hpo
    if not algorithm_of(task).learns_jointly and not tunes:
        return run
    if MODEL in task.parameters:
        task = replace(task, model=own_model.read(s3, run, task.parameters[MODEL]))
    elif (last := reuse.kept(s3, run, params)) is not None:
        predictor, learned = last
        objects.write(s3, run.bucket, layout.shared(run.work), learned)
        reuse.keep(s3, run, params, learned)
        tuned.take(s3, run.bucket, run.work, name, predictor)
        resources.mark(s3, run.bucket, "predictor", name, "CREATE_IN_PROGRESS", ReferencePredictor=predictor)
        log.info("reused", run=run.run, predictor=predictor)
        return run
    shards = shard_list.all_shards(s3, run.bucket, run.work)
    sums = set(shard_list.sum_shards(s3, run.bucket, run.work))
    drawn = reduce(add, (Draw.of(_panel(run, number, s3), sums=number in sums) for number in shards))
    with compiling_logged(), training_logged(s3, run, name) as training:
        if tunes:
            if find_spec("optuna") is None:  # of which CreateDataset cannot know on AWS
                raise MissingPackage("PerformHPO", "optuna", "tune")
            from stepcast.pipeline.tuning.tune import tune_run  # Optuna

            heard = training.tried
            chosen = tune_run(s3, run, params, drawn.sample, seconds_left=seconds_left, heard=heard)
            task = task_of(params.with_parameters(chosen))
        if not algorithm_of(task).learns_jointly:
            return run
        try:
            shared = engine.fit_shared(drawn, task)
        except UnusableModel as error:
            error.file = task.parameters[MODEL]
            raise
    objects.write(s3, run.bucket, layout.shared(run.work), shared)
    reuse.keep(s3, run, params, shared)
    log.info("learned", run=run.run, series=drawn.series, points=drawn.points, sample=len(drawn.sample))
    return run


def _panel(run: Run, number: int, s3: Any) -> Panel:
    return read_shard(objects.read(s3, run.bucket, layout.shard(run.work, number))).panel
