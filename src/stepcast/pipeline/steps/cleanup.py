"""Cleanup: remove what a run leaves behind, but never the exported data of a published forecast."""

from typing import Any, Literal

from stepcast.pipeline import layout, objects, resources, vintages
from stepcast.pipeline.errors import ResourceNotFoundException
from stepcast.pipeline.internal_errors import step
from stepcast.pipeline.log import log
from stepcast.pipeline.params import Params
from stepcast.pipeline.run import Run, fingerprint

__all__ = ["CleanupRun", "cleanup"]


class CleanupRun(Run):
    """How the run ended, which determines what to remove.

    ``kept``        successfully, with PerformDelete false: only the work files.
    ``deleted``     successfully, with PerformDelete true: also the import job, predictor and forecast.
    ``superseded``  by newer input: also all output of the run.
    ``failed``      the same, but its resources stay as CREATE_FAILED.

    ``again``       superseded, but the run's own input was restored while it ended.
    """

    ending: Literal["kept", "deleted", "superseded", "failed"]
    again: bool = False


@step
def cleanup(run: CleanupRun, *, s3: Any) -> CleanupRun:
    """Idempotent.

    A run without frozen params has no output: objects with its vintage's name are not its own.
    """
    found = vintages.find(s3, run.bucket, run.vintage)
    published = found is not None and found[1].published is not None
    params = _params(run, s3)
    if params is not None:
        if not published:
            objects.delete_all(s3, run.bucket, layout.vintage(layout.FORECAST, run.vintage))
            _delete_data(run, params, s3)
            objects.delete_all(s3, run.bucket, layout.monitor(run.vintage))
        elif run.ending == "deleted":
            objects.delete_all(s3, run.bucket, layout.predictor(run.name_of(params.predictor.predictor_name)))
        _settle_resources(run, params, s3)
    objects.delete_all(s3, run.bucket, layout.work(run.work))
    again = run.ending == "superseded" and fingerprint(s3, run.bucket) == run.run
    log.info("cleaned_up", run=run.run, ending=run.ending, published=published, again=again)
    return run.model_copy(update={"again": again})


def _params(run: Run, s3: Any) -> Params | None:
    try:
        return run.params(s3)
    except ResourceNotFoundException:
        return None  # it ended before it wrote anything, or is already cleaned up


def _delete_data(run: Run, params: Params, s3: Any) -> None:
    predictor = run.name_of(params.predictor.predictor_name)
    objects.delete_all(s3, run.bucket, layout.accuracy(predictor))
    for key in (layout.lineage(predictor), layout.tuning(predictor)):
        s3.delete_object(Bucket=run.bucket, Key=key)
    objects.delete_all(s3, run.bucket, layout.predictor(predictor))
    dataset = params.target.dataset_name
    objects.delete_all(s3, run.bucket, layout.rows(dataset, run.name_of(dataset)))


def _settle_resources(run: CleanupRun, params: Params, s3: Any) -> None:
    made: list[tuple[resources.Kind, str]] = [
        ("forecast-export-job", params.forecast.forecast_name),
        ("forecast", params.forecast.forecast_name),
        ("predictor-backtest-export-job", params.predictor.predictor_name),
        ("predictor", params.predictor.predictor_name),
        *(("dataset-import-job", dataset.dataset_name) for dataset in params.datasets),
    ]
    for kind, base in made:
        if run.ending in ("deleted", "superseded"):
            resources.delete(s3, run.bucket, kind, run.name_of(base))
        elif run.ending == "failed":
            resources.fail_if_unfinished(s3, run.bucket, kind, run.name_of(base))
