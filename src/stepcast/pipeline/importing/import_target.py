"""The target series: from the files under train/ to rows for SQL and shards of series for the models."""

import errno
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stepcast.engine.frequency import Frequency
from stepcast.pipeline import layout
from stepcast.pipeline.importing.checks.anchor_note import note_anchor
from stepcast.pipeline.importing.checks.doubled_report import report_doubled
from stepcast.pipeline.importing.checks.far_stamps import check_stamps
from stepcast.pipeline.importing.checks.grid_limits import check_grid
from stepcast.pipeline.importing.checks.history_length import check_density, check_length
from stepcast.pipeline.importing.checks.item_names import check_names
from stepcast.pipeline.importing.checks.outside_bounds import BoundsCheck
from stepcast.pipeline.importing.checks.quotas import check_quotas
from stepcast.pipeline.importing.checks.second_look import SecondLook
from stepcast.pipeline.importing.columns.clock import Clock
from stepcast.pipeline.importing.columns.file_schema import FileSchema
from stepcast.pipeline.importing.covariates.covariates import Covariates
from stepcast.pipeline.importing.files.field_statistics import FieldStatistics
from stepcast.pipeline.importing.files.reading import Progress, rows_of, silent
from stepcast.pipeline.importing.files.source import sources
from stepcast.pipeline.importing.imported import Imported
from stepcast.pipeline.importing.periods.last_period import report_partial
from stepcast.pipeline.importing.target.series_collector import SeriesCollector
from stepcast.pipeline.importing.target.series_writer import Written, write_series
from stepcast.pipeline.importing.target.stored_rows import StoredRows
from stepcast.pipeline.params import Params
from stepcast.pipeline.problems import Problem, Report

__all__ = ["import_target"]


def import_target(
    s3: Any,
    bucket: str,
    run: str,
    params: Params,
    rows_prefix: str,
    report: Report,
    scratch: Path,
    progress: Progress | None = None,
    covariates: Covariates | None = None,
) -> Imported:
    """Read and check every file under ``train/``, and store its rows and series.

    ``rows_prefix``  prefix for the rows, ``part-0.parquet`` and so on; it must be empty.
    ``report``       receives every problem of every file. If it has errors at the end, nothing is stored.
    ``scratch``      a folder with room for about twice the size of the decompressed files; left unchanged.
    ``progress``     is called with the activity (``read`` in bytes, ``shards``), the amount done and the
                     total.
    ``covariates``   imported related series and metadata, which go into the shards.

    Raises Superseded or ResourceNotFoundException if a file changes while it is read, OSError if the
    scratch folder is full, botocore's errors if S3 fails.
    """
    progress = progress or silent
    covariates = covariates or Covariates(params)
    with _scratch(scratch) as folder:
        clock = covariates.related.clock if covariates.related is not None else Clock.of(params)
        schema = FileSchema.of(params.target, params.timestamp_format, clock)
        statistics = FieldStatistics(schema, params.timestamp_format, params.series_key)
        collected = SeriesCollector(params, schema, folder)
        stored = StoredRows(s3, bucket, rows_prefix, schema.stored, folder)
        files = sources(s3, bucket, layout.TRAIN, report)
        for file, rows in rows_of(s3, bucket, files, schema, report, folder, progress):
            statistics.update(rows)
            collected.add(rows, file)
            if not report.errors:
                stored.write(rows.batch)
        if not report.errors:
            clock.conclude(report)
        frequency, doubled = params.frequency, 0
        known, documents = len(collected.keys), statistics.documents(collected.keys)
        written = Written()
        if collected.empty:
            if not report.errors:
                report.add(_no_value())
        else:
            frequency = collected.frequency
            note_anchor(collected, frequency, report)
            _check_last_period(params, collected, frequency, report)
            order, lengths = collected.series(covariates, report)
            look = SecondLook(s3, bucket, files, schema, collected, folder)
            before = report.errors
            check_stamps(params, collected, order, lengths, look, report)
            if report.errors == before:
                check_grid(params, lengths, collected.earliest, collected.latest, report)
            if not report.errors:
                _, values = collected.spill.extents(len(collected.keys))
                check_names(collected.keys, params.series_key, values, report)
                check_quotas(params, files, statistics.rows, len(order), report)
                check_length(params, int(lengths.max()), report)
                check = BoundsCheck(params, look)
                written = write_series(
                    s3,
                    bucket,
                    run,
                    params,
                    collected,
                    covariates,
                    order,
                    lengths,
                    check,
                    folder,
                    report,
                    progress,
                )
                covariates.conclude(report)
                doubled = report_doubled(params, collected, written.observed, look, report)
                check_density(params, written.points, written.observed, written.step, report)
        if report.errors:
            stored.discard()
        else:
            stored.finish()
        return Imported(
            rows=statistics.rows,
            series=known,
            shards=written.shards,
            first=statistics.first,
            last=statistics.last,
            statistics=documents,
            points=written.points,
            observed=written.observed,
            filled=written.filled,
            doubled=doubled,
            frequency=frequency,
            files=len(files),
            size=sum(file.size for file in files),
        )


def _check_last_period(
    params: Params, collected: SeriesCollector, frequency: Frequency, report: Report
) -> None:
    """Warn if the last period is incomplete, or leave it out."""
    if collected.rhythm.keeps(params.frequency):
        return
    if any(apart.late for apart in collected.occupancy.apart(params.predictor.forecast_horizon)):
        return  # the last period is a data error
    if partial := collected.last_periods.partial():
        report_partial(partial, params, frequency, report)
        if params.predictor.drop_partial_periods:
            collected.spill.forget_after(partial.period - 1)


@contextmanager
def _scratch(scratch: Path) -> Iterator[Path]:
    """A temporary folder in ``scratch``, with a clear error if the disk is full."""
    with tempfile.TemporaryDirectory(prefix="import-", dir=scratch) as folder:
        try:
            yield Path(folder)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            needed = "the import needs about twice the size of the decompressed files"
            raise OSError(errno.ENOSPC, f"the scratch folder is full: {needed}", str(scratch)) from error


def _no_value() -> Problem:
    return Problem("V01", "error", "no row has a value", "Send at least one value", file=layout.TRAIN)
