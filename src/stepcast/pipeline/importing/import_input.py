"""Imports every file of the input, in the required order."""

from pathlib import Path
from typing import Any

from stepcast.pipeline import layout
from stepcast.pipeline.importing.covariates.covariates import Covariates
from stepcast.pipeline.importing.covariates.metadata import import_metadata
from stepcast.pipeline.importing.covariates.related import import_related
from stepcast.pipeline.importing.files.source import check_undescribed
from stepcast.pipeline.importing.import_target import import_target
from stepcast.pipeline.importing.imported import Imported
from stepcast.pipeline.importing.summary import summary_of
from stepcast.pipeline.params import Params
from stepcast.pipeline.problems import Report

__all__ = ["import_input"]


def import_input(
    s3: Any, bucket: str, run: str, params: Params, rows_prefix: str, report: Report, scratch: Path
) -> tuple[Imported, Covariates]:
    """Import related series and metadata first, because the target series are written together with them.

    ``report`` receives every problem and a summary of the data. ``scratch`` is an empty folder with room for
    about 1.5 times the size of the decompressed files. Raises the same errors as ``import_target``.
    """
    for kind, folder, dataset in (
        ("RELATED_TIME_SERIES", layout.RELATED, params.related),
        ("ITEM_METADATA", layout.METADATA, params.metadata),
    ):
        if dataset is None:
            check_undescribed(s3, bucket, folder, kind, report)
    kept = scratch / "covariates"
    kept.mkdir()
    covariates = Covariates(
        params,
        import_related(s3, bucket, params, report, kept),
        import_metadata(s3, bucket, params, report, kept),
    )
    imported = import_target(s3, bucket, run, params, rows_prefix, report, scratch, covariates=covariates)
    report.summary = summary_of(params, imported, covariates)
    return imported, covariates
