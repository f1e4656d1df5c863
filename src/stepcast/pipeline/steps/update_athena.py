"""UpdateAthena: point the SQL tables at the new vintage, then move earlier vintages to history."""

import time
from collections.abc import Callable
from typing import Any, TypeVar

import awswrangler as wr
from botocore.exceptions import ClientError

from stepcast.pipeline import layout, lineage, objects, tables, vintages
from stepcast.pipeline.errors import ResourceNotFoundException, Superseded
from stepcast.pipeline.internal_errors import step
from stepcast.pipeline.log import log
from stepcast.pipeline.monitoring import summary
from stepcast.pipeline.run import Run
from stepcast.pipeline.tuning.table import COLUMNS as TUNING_COLUMNS

__all__ = ["update_athena"]

T = TypeVar("T")

CHANGED_MEANWHILE = ("AlreadyExistsException", "ConcurrentModificationException")
PAUSES = (0.1, 0.5, 2.0)  # seconds
CSV_SERDE = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
CSV_FORM = {
    "separatorChar": ",",
    "quoteChar": '"',
    "escapeChar": "\x01",
}  # a backslash is an ordinary character


@step
def update_athena(run: Run, *, s3: Any, database: str) -> Run:
    """Publish the run's vintage; return the run unchanged.

    A table moves in one UpdateTable call, so a reader sees the old vintage or the new one, never both.
    Every step is idempotent: a retry after a crash at any point ends in the same state. If two runs
    publish at once, both end by pointing the tables at the newer vintage.

    Raises Superseded on newer input, before anything is changed.
    """
    if not _published(run, s3):
        run.check_current(s3)
        _publish(run, s3)
    _tried_again(lambda: wr.catalog.create_database(database, exist_ok=True))
    manifest = _tried_again(lambda: _point_tables_at_newest(s3, run.bucket, database))
    older = vintages.older_than(s3, run.bucket, manifest.vintage)
    _copy_to_history(s3, run.bucket, older)
    _tried_again(lambda: _register_history(s3, run.bucket, database, manifest))
    for vintage in older:
        objects.delete_all(s3, run.bucket, layout.vintage(layout.FORECAST, vintage))
    _delete_older_imports(s3, run.bucket, manifest)
    _delete_older_predictors(s3, run.bucket, manifest)
    _tried_again(lambda: _point_monitor(s3, run.bucket, database, manifest))
    if manifest.vintage != run.vintage and vintages.find(s3, run.bucket, run.vintage) is None:
        raise Superseded(f"vintage {manifest.vintage} was published before {run.vintage}")
    log.info("published", run=run.run, vintage=run.vintage, database=database)
    return run


def _tried_again(change: Callable[[], T]) -> T:
    """Change the catalog; where another run that publishes did so at the same moment, on what it has left."""
    for pause in PAUSES:
        try:
            return change()
        except ClientError as error:
            code = error.response["Error"]["Code"]
            # awswrangler deletes a table that another run has made since it looked, which is not granted.
            made_meanwhile = (error.operation_name, code) == ("DeleteTable", "AccessDeniedException")
            if code not in CHANGED_MEANWHILE and not made_meanwhile:
                raise
            time.sleep(pause)  # the other run needs a moment for the rest of its change
    return change()


def _published(run: Run, s3: Any) -> bool:
    """Whether a killed attempt has started to publish: then this one must finish it."""
    found = vintages.find(s3, run.bucket, run.vintage)
    return found is not None and found[1].published is not None


def _publish(run: Run, s3: Any) -> None:
    manifest = vintages.read(s3, run.bucket, run.vintage)
    present = vintages.current(s3, run.bucket)
    if present and present.vintage > run.vintage:  # that run may have removed this vintage as a leftover
        raise Superseded(f"the newer vintage {present.vintage} is already published")
    if manifest is None:
        raise ResourceNotFoundException(f"forecast vintage {run.vintage} is not exported: run Export first")
    vintages.mark_published(s3, run.bucket, manifest)


def _point_tables_at_newest(s3: Any, bucket: str, database: str) -> vintages.Manifest:
    """Point the tables at the newest published vintage, and return it.

    A newer one may be published meanwhile and its tables moved back by this run, so check again afterwards.
    """
    newest = vintages.current(s3, bucket)
    while True:
        if newest is None:
            raise ResourceNotFoundException(f"s3://{bucket}/{layout.FORECAST} has no published vintage")
        _point_tables(bucket, database, newest)
        pointed, newest = newest, vintages.current(s3, bucket)
        if newest is not None and newest.vintage == pointed.vintage:
            return pointed


def _point_tables(bucket: str, database: str, manifest: vintages.Manifest) -> None:
    root = f"s3://{bucket}/"
    facts = {"stepcast.run": manifest.run, "stepcast.vintage": manifest.vintage}
    csv_tables = {
        tables.FORECAST: (layout.clean(layout.FORECAST, manifest.vintage), manifest.clean_columns),
        tables.WIDE: (layout.raw(layout.FORECAST, manifest.vintage), manifest.wide_columns),
        **(
            {tables.LEVELS: (layout.levels(layout.FORECAST, manifest.vintage), manifest.levels_columns)}
            if manifest.levels_columns
            else {}
        ),
    }
    parquet_tables = {
        tables.TRAIN: (layout.rows(manifest.dataset, manifest.import_job), manifest.train_columns),
        tables.ACCURACY: (layout.accuracy(manifest.predictor, tables.ACCURACY), manifest.accuracy_columns),
        tables.LEADERBOARD: (
            layout.accuracy(manifest.predictor, tables.LEADERBOARD),
            manifest.leaderboard_columns,
        ),
        tables.LINEAGE: (layout.LINEAGE, lineage.COLUMNS),
        **(
            {
                tables.ACCURACY_LEVELS: (
                    layout.accuracy(manifest.predictor, tables.ACCURACY_LEVELS),
                    manifest.accuracy_levels_columns,
                )
            }
            if manifest.accuracy_levels_columns
            else {}
        ),
        **({tables.TUNING: (layout.TUNING, TUNING_COLUMNS)} if manifest.tuned else {}),
    }
    # The forecast first: from here on, users see this vintage.
    for table, (path, columns) in csv_tables.items():
        wr.catalog.create_csv_table(
            database,
            table,
            root + path,
            columns,
            mode="overwrite",
            skip_header_line_count=1,
            parameters=facts,
            serde_library=CSV_SERDE,
            serde_parameters=CSV_FORM,
        )
    for table, (path, columns) in parquet_tables.items():
        wr.catalog.create_parquet_table(
            database, table, root + path, columns, mode="overwrite", parameters=facts
        )


def _copy_to_history(s3: Any, bucket: str, older: list[str]) -> None:
    for vintage in older:
        manifest = vintages.read(s3, bucket, vintage)
        if manifest is None or manifest.published is None:
            continue  # the leftover of a killed run
        if not any(objects.keys(s3, bucket, layout.clean(layout.FORECAST, vintage))):
            continue  # its files are already in history/, or were treated as such a leftover
        source, destination = (layout.vintage(root, vintage) for root in (layout.FORECAST, layout.HISTORY))
        objects.copy(s3, bucket, source, destination)


def _register_history(s3: Any, bucket: str, database: str, newest: vintages.Manifest) -> None:
    """Make every vintage under ``history/`` a partition of the history table, which has the newest schema.

    A vintage with different columns stays in the bucket and returns to the table when its columns do.
    """
    path, columns = f"s3://{bucket}/{layout.HISTORY}", newest.clean_columns
    partition = {"vintage": "string"}
    if wr.catalog.get_table_types(database, tables.HISTORY) != columns | partition:
        wr.catalog.create_csv_table(
            database,
            tables.HISTORY,
            path,
            columns,
            partitions_types=partition,
            mode="overwrite",
            skip_header_line_count=1,
            serde_library=CSV_SERDE,
            serde_parameters=CSV_FORM,
        )
    registered = {values[0] for values in wr.catalog.get_partitions(database, tables.HISTORY).values()}
    fresh = {}
    for vintage in objects.folders(s3, bucket, layout.HISTORY):
        if vintage not in registered:
            manifest = vintages.read(s3, bucket, vintage, layout.HISTORY)
            if manifest and manifest.clean_columns == columns:
                fresh[f"s3://{bucket}/{layout.clean(layout.HISTORY, vintage)}"] = [vintage]
    if fresh:
        wr.catalog.add_csv_partitions(
            database,
            tables.HISTORY,
            fresh,
            columns_types=columns,
            serde_library=CSV_SERDE,
            serde_parameters=CSV_FORM,
        )


def _point_monitor(s3: Any, bucket: str, database: str, manifest: vintages.Manifest) -> None:
    """Point ``monitor`` and ``drift`` at what was found before this vintage, where monitoring did not fail.

    What earlier ones found stays in their summaries; their rows go, as earlier imports do.
    """
    found = summary.read(s3, bucket, manifest.vintage)
    if found is None:
        return
    facts = {"stepcast.run": manifest.run, "stepcast.vintage": manifest.vintage}
    for table, columns in ((tables.MONITOR, found.monitor_columns), (tables.DRIFT, found.drift_columns)):
        path = f"s3://{bucket}/{layout.monitor(manifest.vintage, table)}"
        wr.catalog.create_parquet_table(database, table, path, columns, mode="overwrite", parameters=facts)
        for vintage in vintages.names(s3, bucket, layout.MONITOR):
            if vintage < manifest.vintage:
                objects.delete_all(s3, bucket, layout.monitor(vintage, table))


def _delete_older_imports(s3: Any, bucket: str, manifest: vintages.Manifest) -> None:
    """Delete imports that ``train`` no longer uses, except those of newer runs."""
    published = layout.stamp_of(manifest.import_job)
    for name in objects.folders(s3, bucket, layout.imports(manifest.dataset)):
        stamp = layout.stamp_of(name)
        if stamp and published and stamp < published:
            objects.delete_all(s3, bucket, layout.rows(manifest.dataset, name))


def _delete_older_predictors(s3: Any, bucket: str, manifest: vintages.Manifest) -> None:
    """What they were trained on and learned; their accuracy stays."""
    published = layout.stamp_of(manifest.predictor)
    for name in objects.folders(s3, bucket, layout.PREDICTORS):
        stamp = layout.stamp_of(name)
        if stamp and published and stamp < published:
            objects.delete_all(s3, bucket, layout.predictor(name))
