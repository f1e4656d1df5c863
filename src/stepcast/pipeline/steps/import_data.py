"""ImportData: validate the files, store their rows for SQL and their series in shards for the models."""

import tempfile
from pathlib import Path
from typing import Any

from stepcast.pipeline import layout, objects, reports, resources
from stepcast.pipeline.importing import import_target
from stepcast.pipeline.log import log
from stepcast.pipeline.run import Run

__all__ = ["import_data"]


def import_data(run: Run, *, s3: Any) -> Run:
    """The run as it was; shards and rows lie in the bucket.

    Raises InvalidInputException with every problem in the report, Superseded on newer input.
    """
    run.check_current(s3)
    params, report = run.params(s3), reports.read(s3, run)
    dataset = params.target
    name = run.name_of(dataset.dataset_name)
    rows = layout.rows(dataset.dataset_name, name)
    source = {
        "DatasetName": dataset.dataset_name,
        "Path": f"s3://{run.bucket}/{layout.TRAIN}",
        "Format": "CSV",
    }
    resources.create(s3, run.bucket, "dataset-import-job", name, source)
    for stale in (rows, layout.shards(run.run)):  # of an attempt that was killed
        objects.delete_all(s3, run.bucket, stale)
    with tempfile.TemporaryDirectory(prefix="stepcast-import-") as scratch:
        imported = import_target(s3, run.bucket, run.run, params, rows, report, Path(scratch))
    reports.write(s3, run, report)
    if report.errors:
        refusal = reports.refusal(run, report)
        resources.mark(s3, run.bucket, "dataset-import-job", name, "CREATE_FAILED", Message=str(refusal))
        raise refusal
    run.check_current(s3)  # files may have been replaced while they were read
    facts = {"Rows": imported.rows, "Series": imported.series, "FieldStatistics": imported.statistics}
    resources.mark(s3, run.bucket, "dataset-import-job", name, "ACTIVE", **facts)
    log.info("imported", run=run.run, rows=imported.rows, series=imported.series, shards=imported.shards)
    return run
