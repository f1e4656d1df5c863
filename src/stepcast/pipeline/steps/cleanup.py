"""Cleanup: what a run leaves behind is removed; exported data of a published forecast never is."""

from typing import Any, Literal

from stepcast.pipeline import layout, objects, resources, vintages
from stepcast.pipeline.errors import ResourceNotFoundException
from stepcast.pipeline.log import log
from stepcast.pipeline.run import Run

__all__ = ["CleanupRun", "cleanup"]


class CleanupRun(Run):
    """Which leftovers to remove.

    ``work``       the work files: a run has ended well and PerformDelete is false.
    ``resources``  also the import job, predictor and forecast: PerformDelete is true.
    ``discard``    a failed or superseded run: also all that it made, unless it is published.
    """

    remove: Literal["work", "resources", "discard"]


def cleanup(run: CleanupRun, *, s3: Any) -> CleanupRun:
    """Repeating it changes nothing."""
    manifest = vintages.read(s3, run.bucket, run.vintage)
    published = manifest is not None and manifest.published is not None
    if run.remove == "resources" or (run.remove == "discard" and not published):
        _delete_resources(run, s3)
    if run.remove == "discard" and not published:
        _discard(run, s3)
    objects.delete_all(s3, run.bucket, layout.work(run.run))
    log.info("cleaned_up", run=run.run, remove=run.remove, published=published)
    return run


def _delete_resources(run: Run, s3: Any) -> None:
    try:
        params = run.params(s3)
    except ResourceNotFoundException:
        return  # it failed before it had made any, or they are deleted already
    made: list[tuple[resources.Kind, str]] = [
        ("forecast-export-job", params.forecast.forecast_name),
        ("forecast", params.forecast.forecast_name),
        ("predictor-backtest-export-job", params.predictor.predictor_name),
        ("predictor", params.predictor.predictor_name),
        ("dataset-import-job", params.target.dataset_name),
    ]
    for kind, base in made:
        resources.delete(s3, run.bucket, kind, run.name_of(base))


def _discard(run: Run, s3: Any) -> None:
    objects.delete_all(s3, run.bucket, layout.vintage(layout.FORECAST, run.vintage))
    try:
        params = run.params(s3)
    except ResourceNotFoundException:
        return
    objects.delete_all(s3, run.bucket, layout.accuracy(run.name_of(params.predictor.predictor_name)))
    dataset = params.target.dataset_name
    objects.delete_all(s3, run.bucket, layout.rows(dataset, run.name_of(dataset)))
