"""ImportData: validate the files, store their rows for SQL and their series in shards for the models."""

import tempfile
from pathlib import Path
from typing import Any

from stepcast.pipeline import layout, objects, reports, resources
from stepcast.pipeline.importing import Covariates, Imported, import_input
from stepcast.pipeline.internal_errors import step
from stepcast.pipeline.log import log
from stepcast.pipeline.params import Dataset
from stepcast.pipeline.run import Run

__all__ = ["import_data"]

FOLDERS = {
    "TARGET_TIME_SERIES": layout.TRAIN,
    "RELATED_TIME_SERIES": layout.RELATED,
    "ITEM_METADATA": layout.METADATA,
}


@step
def import_data(run: Run, *, s3: Any) -> Run:
    """The run unchanged; shards and rows are in the bucket.

    Raises InvalidInputException with every problem in the report, Superseded on newer input.
    """
    run.check_current(s3)
    params, report = run.params(s3), reports.of_params(s3, run)
    for dataset in params.datasets:
        source = {
            "DatasetName": dataset.dataset_name,
            "Path": f"s3://{run.bucket}/{FOLDERS[dataset.dataset_type]}",
            "Format": "CSV",
        }
        resources.create(s3, run.bucket, "dataset-import-job", _job(run, dataset), source)
    rows = layout.rows(params.target.dataset_name, _job(run, params.target))
    for stale in (rows, layout.shards(run.work)):  # from a killed attempt
        objects.delete_all(s3, run.bucket, stale)
    with tempfile.TemporaryDirectory(prefix="stepcast-import-") as scratch:
        imported, covariates = import_input(s3, run.bucket, run.work, params, rows, report, Path(scratch))
    reports.write(s3, run, report)
    if report.errors:
        refusal = reports.refusal(run, report)
        for dataset in params.datasets:
            name = _job(run, dataset)
            resources.mark(s3, run.bucket, "dataset-import-job", name, "CREATE_FAILED", Message=str(refusal))
        raise refusal
    run.check_current(s3)  # files may have been replaced while they were being read
    for dataset in params.datasets:
        facts = _facts(dataset, imported, covariates)
        resources.mark(s3, run.bucket, "dataset-import-job", _job(run, dataset), "ACTIVE", **facts)
    log.info("imported", run=run.run, rows=imported.rows, series=imported.series, shards=imported.shards)
    return run


def _job(run: Run, dataset: Dataset) -> str:
    return run.name_of(dataset.dataset_name)


def _facts(dataset: Dataset, imported: Imported, covariates: Covariates) -> dict[str, Any]:
    """The facts that DescribeDatasetImportJob reports about a dataset's import."""
    if dataset.dataset_type == "RELATED_TIME_SERIES" and covariates.related is not None:
        related = covariates.related
        return {"Rows": related.rows, "Series": len(related.keys), "FieldStatistics": related.statistics}
    if dataset.dataset_type == "ITEM_METADATA" and covariates.metadata is not None:
        metadata = covariates.metadata
        return {"Rows": metadata.rows, "Items": len(metadata.items), "FieldStatistics": metadata.statistics}
    return {"Rows": imported.rows, "Series": imported.series, "FieldStatistics": imported.statistics}
