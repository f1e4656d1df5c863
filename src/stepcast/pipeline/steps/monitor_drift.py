"""MonitorDrift: compare new values with their forecasts, and with what the predictor was trained on."""

from collections import Counter
from typing import Any

import pyarrow as pa

from stepcast.pipeline import layout, objects, shard_list, tables
from stepcast.pipeline.csv_files import parquet_bytes
from stepcast.pipeline.internal_errors import step
from stepcast.pipeline.log import log
from stepcast.pipeline.monitoring import categories, evaluations, summary
from stepcast.pipeline.monitoring.comparison import Comparison
from stepcast.pipeline.monitoring.findings import compare_categories, drift_schema
from stepcast.pipeline.monitoring.past import choose
from stepcast.pipeline.monitoring.realised import monitor_schema
from stepcast.pipeline.monitoring.summary import Summary
from stepcast.pipeline.monitoring.watch import Forecasts
from stepcast.pipeline.run import Run
from stepcast.pipeline.shards import Shard, read_shard

__all__ = ["monitor_drift"]

NAMESPACE = "FORECAST"
NOTHING = "no earlier forecast of these columns and periods; nothing to compare yet."


@step
def monitor_drift(run: Run, *, s3: Any, cloudwatch: Any, arn: str) -> Run:
    """Return the run unchanged; write what was found under ``monitor/<vintage>/``, the summary last.

    ``arn`` is the beginning of the ARNs in evaluations, up to the kind. Shards are read one by one. Nothing
    here changes this run's shards, and where it fails the run goes on. Repeating it writes the same again.
    """
    params = run.params(s3)
    numbers = shard_list.series_shards(s3, run.bucket, run.work)
    shard = _shard(run, numbers[0], s3)
    frequency = shard.panel.frequency
    kinds: dict[str, Counter[str]] = {}
    span = choose(s3, run.bucket, tables.wide_columns(params), frequency, shard.panel.end)
    comparison = None
    if span is not None:
        forecasts = Forecasts(s3, run.bucket, span, shard.key_names)
        comparison = Comparison(params, span, forecasts, frequency)
    for number in numbers:
        shard = _shard(run, number, s3)
        categories.count(kinds, shard)
        rows = comparison.add(shard, run.vintage) if comparison else monitor_schema(params).empty_table()
        _put(run, tables.MONITOR, number, rows, s3)
    here = categories.write(s3, run.bucket, run.vintage, kinds)
    if comparison is None:
        found = Summary(state="nothing_to_compare", message=NOTHING)
        _put(run, tables.DRIFT, 0, drift_schema(params).empty_table(), s3)
    else:
        before = categories.read(s3, run.bucket, comparison.span.baseline.manifest.vintage)
        compare_categories(comparison.findings, before, here)
        found, concluded = comparison.conclude(run.vintage)
        _put(run, tables.DRIFT, 0, concluded.table, s3)
        evaluations.record(s3, run, params, arn, comparison.evaluations(), comparison.backtest)
        cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=_metrics(run, found))
    columns = {"monitor_columns": _sql(monitor_schema(params)), "drift_columns": _sql(drift_schema(params))}
    summary.write(s3, run.bucket, run.vintage, found.model_copy(update=columns))
    log.info("monitored", run=run.run, state=found.state, items=found.items, drifted=found.drifted)
    return run


def _shard(run: Run, number: int, s3: Any) -> Shard:
    return read_shard(objects.read(s3, run.bucket, layout.shard(run.work, number)))


def _put(run: Run, table: str, number: int, rows: pa.Table, s3: Any) -> None:
    objects.write(s3, run.bucket, layout.monitor_part(run.vintage, table, number), parquet_bytes(rows))


def _sql(schema: pa.Schema) -> dict[str, str]:
    kinds = {pa.string(): "string", pa.float64(): "double", pa.int64(): "bigint", pa.int32(): "int"}
    return {field.name: kinds[field.type] for field in schema}


def _metrics(run: Run, found: Summary) -> list[dict[str, Any]]:
    """For CloudWatch; the dimension ``Bucket`` tells deployments apart."""
    bucket = {"Name": "Bucket", "Value": run.bucket}
    data: list[tuple[str, list[dict[str, str]], float | None]] = []
    if found.state == "compared":
        data += [("MonitoredItems", [bucket], found.items), ("DriftedItems", [bucket], found.drifted)]
        data += [
            ("DriftedItems", [bucket, {"Name": "Kind", "Value": kind}], count)
            for kind, count in found.kinds.items()
        ]
    data += [("RealisedWQL", [bucket], found.wql), ("RealisedCoverage", [bucket], found.coverage)]
    return [
        {"MetricName": name, "Dimensions": dimensions, "Value": value}
        for name, dimensions, value in data
        if value is not None
    ]
