"""Tune the training parameters of a run: resumed where an earlier attempt of the step was interrupted."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from stepcast.engine.panel import Panel
from stepcast.engine.task import Task
from stepcast.engine.tuning.study import Progress, Trial, Tuned, tune
from stepcast.pipeline import layout, objects, resources, tuned
from stepcast.pipeline.csv_files import parquet_bytes
from stepcast.pipeline.errors import TuningContinues
from stepcast.pipeline.log import log
from stepcast.pipeline.params import Params
from stepcast.pipeline.run import Run
from stepcast.pipeline.task import task_of
from stepcast.pipeline.tuning.asked import ranges_of, settings_of
from stepcast.pipeline.tuning.journal import BucketJournal
from stepcast.pipeline.tuning.table import trials_table

__all__ = ["tune_run"]

ROOM = 3  # times the longest trial: what is left of an invocation before another trial is begun


def tune_run(
    s3: Any,
    run: Run,
    params: Params,
    sample: Panel,
    *,
    seconds_left: Callable[[], float],
    heard: Callable[[Progress], None],
) -> Mapping[str, str]:
    """The parameters that were best on the tuning window; the trials are in the table.

    Raises Superseded on newer input, and TuningContinues where ``seconds_left`` of this invocation are too
    few for another trial, or for the training that follows the last one.
    """
    task, predictor = task_of(params), run.name_of(params.predictor.predictor_name)
    watch = Stopwatch(seconds_left)

    def begins() -> None:
        run.check_current(s3)
        watch.begins()

    def told(progress: Progress) -> None:
        watch.ended()
        log.info(
            "trial",
            run=run.run,
            trials=progress.trials,
            best=progress.best.number,
            best_value=progress.best.value,
            **_facts(progress.trial),
        )
        heard(progress)

    found = tune(
        sample,
        task,
        ranges_of(params),
        settings_of(params),
        BucketJournal(s3, run.bucket, run.work),
        before_each=begins,
        heard=told,
    )
    table = trials_table(found, task, run=run.run, vintage=run.vintage, predictor=predictor)
    objects.write(s3, run.bucket, layout.tuning(predictor), parquet_bytes(table))
    chosen = _chosen(found, task, predictor)
    tuned.write(s3, run.bucket, run.work, predictor, chosen)
    resources.mark(
        s3, run.bucket, "predictor", predictor, "CREATE_IN_PROGRESS", TuningResult=chosen.model_dump()
    )
    log.info("tuned", run=run.run, **chosen.model_dump())
    watch.begins()  # training takes as long as a trial
    return chosen.parameters


@dataclass
class Stopwatch:
    """Whether another trial fits the invocation, going by the longest one that it has made."""

    seconds_left: Callable[[], float]
    longest: float = 0.0
    _began: float = field(default_factory=time.monotonic)

    def begins(self) -> None:
        if self.longest and self.seconds_left() < ROOM * self.longest:
            raise TuningContinues(
                f"another trial may take {self.longest:.0f} s, too long for the rest of this invocation; "
                "the next one goes on with the finished trials"
            )
        self._began = time.monotonic()

    def ended(self) -> None:
        self.longest = max(self.longest, time.monotonic() - self._began)


def _facts(trial: Trial) -> dict[str, Any]:
    return {
        "trial": trial.number,
        "parameters": dict(trial.parameters),
        "value": trial.value,
        "state": trial.state,
        "seconds": trial.seconds,
        "note": trial.note,
    }


def _chosen(found: Tuned, task: Task, predictor: str) -> tuned.TunedParameters:
    best = found.best
    return tuned.TunedParameters(
        predictor=predictor,
        algorithm=task.algorithm,
        parameters=dict(best.parameters),
        trial=best.number,
        trials=len(found.trials),
        metric=task.metric,
        value=best.value,
        default=found.trials[0].value,
        seconds=sum(one.seconds for one in found.trials),
        importances=dict(found.importances),
    )
