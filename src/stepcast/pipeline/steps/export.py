"""Export: the forecast and its backtest as files, the accuracy as metrics."""

from typing import Any

import pyarrow as pa

from stepcast.engine.accuracy import Sums
from stepcast.pipeline import (
    inputs,
    layout,
    lineage,
    objects,
    resources,
    shard_list,
    tables,
    tuned,
    vintages,
)
from stepcast.pipeline.backtest_files import Scoreboard, ShardBacktest, accuracy_in_sql
from stepcast.pipeline.csv_files import csv_bytes, parquet_bytes
from stepcast.pipeline.forecast_files import clean_table, moments_ahead, raw_table
from stepcast.pipeline.hierarchy.export_levels import export_levels
from stepcast.pipeline.internal_errors import step
from stepcast.pipeline.item_summary import item_summary
from stepcast.pipeline.log import log
from stepcast.pipeline.params import Params, output_label
from stepcast.pipeline.run import Run
from stepcast.pipeline.shards import read_shard
from stepcast.pipeline.task import task_of
from stepcast.pipeline.trained_files import read_results
from stepcast.version import __version__

__all__ = ["export"]

NAMESPACE = "FORECAST"


@step
def export(run: Run, *, s3: Any, cloudwatch: Any, commit: str = "") -> Run:
    """The run unchanged; a complete vintage is under ``forecast/``, not yet published.

    ``commit`` is that of the deployment, where it is known.

    Raises Superseded on newer input. Idempotent: repeating it writes the same objects.
    """
    run.check_current(s3)
    params = run.params(s3)
    task = task_of(params)
    _announce(run, params, s3)
    sums: dict[str, Sums] = {}
    windows: list[dict[str, Sums]] = [{} for _ in range(task.windows)]
    judged = 0
    accuracy: list[pa.Table] = []
    leaderboard: list[pa.Table] = []
    items: list[pa.Table] = []
    outputs = [output_label(output) for output in params.forecast.outputs]
    reconciled = params.predictor.hierarchy is not None
    numbers = shard_list.series_shards(s3, run.bucket, run.work)
    for number in numbers:
        shard = read_shard(objects.read(s3, run.bucket, layout.shard(run.work, number)))
        trained, forecast = read_results(s3, run, number, reconciled=reconciled)
        backtest = ShardBacktest(shard, trained, forecast, params, task)
        accuracy.append(backtest.accuracy(as_service=False))
        leaderboard.append(backtest.leaderboard())
        items.append(item_summary(shard, number, forecast.values, outputs, leaderboard[-1]))
        judged += backtest.judged()
        sums = _together(sums, backtest.sums())
        windows = [_together(*both) for both in zip(windows, backtest.window_sums(), strict=True)]
        files = {
            layout.raw_part(run.vintage, _job(params), number): raw_table(shard, forecast.values, params),
            layout.clean_part(run.vintage, number): clean_table(shard, forecast.values, params),
            _accuracy_part(run, params, "forecasted-values", number): backtest.forecasted_values(),
            _accuracy_part(run, params, "accuracy-metrics-values", number): backtest.accuracy(
                as_service=True
            ),
        }
        for key, table in files.items():
            objects.write(s3, run.bucket, key, csv_bytes(table))

    scoreboard = Scoreboard(sums, task, windows)
    chosen = tuned.read(s3, run.bucket, run.work) if params.predictor.perform_hpo else None
    leaderboard.append(scoreboard.leaderboard(params, chosen.told if chosen else ""))
    sql = {tables.ACCURACY: accuracy_in_sql(accuracy), tables.LEADERBOARD: pa.concat_tables(leaderboard)}
    for name, table in sql.items():
        key = f"{layout.accuracy(_predictor(run, params), name)}part-0.parquet"
        objects.write(s3, run.bucket, key, parquet_bytes(table))
    read = inputs.read(s3, run.bucket, run.work) or []
    levels = export_levels(run, params, _predictor(run, params), sums, s3) if reconciled else {}
    made_of = lineage.table(read, run=run.run, vintage=run.vintage, predictor=_predictor(run, params))
    objects.write(s3, run.bucket, layout.lineage(_predictor(run, params)), parquet_bytes(made_of))
    if data := scoreboard.metric_data():
        cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=data)
    frequency, ahead = shard.panel.frequency, moments_ahead(shard, task.horizon)  # alike in every shard
    manifest = vintages.Manifest(
        run=run.run,
        vintage=run.vintage,
        predictor=_predictor(run, params),
        import_job=run.name_of(params.target.dataset_name),
        dataset=params.target.dataset_name,
        items=sum(map(len, items)),
        horizon=task.horizon,
        frequency=str(params.frequency),
        boundary=frequency.boundary,
        stamp=frequency.stamp,
        first=str(ahead[0]),
        last=str(ahead[-1]),
        train_columns=tables.train_columns(params.target),
        clean_columns=tables.forecast_columns(params.target),
        wide_columns=tables.wide_columns(params),
        accuracy_columns=_sql_types(sql[tables.ACCURACY]),
        leaderboard_columns=_sql_types(sql[tables.LEADERBOARD]),
        **levels,
        metric=task.metric,
        best=scoreboard.best,
        scores=scoreboard.scores(),
        judged=judged,
        points=scoreboard.points,
        evaluations=scoreboard.evaluations(backtest.window_times()),
        tuned=chosen,
        stepcast=__version__,
        commit=commit,
    )
    _keep_predictor(run, manifest.predictor, numbers if reconciled else None, s3)
    summary = parquet_bytes(pa.concat_tables(items).unify_dictionaries())
    objects.write(s3, run.bucket, layout.item_summary(layout.FORECAST, run.vintage), summary)
    written = params.model_dump_json(by_alias=True, indent=2)
    objects.write(s3, run.bucket, layout.vintage_params(layout.FORECAST, run.vintage), written)
    vintages.write(s3, run.bucket, manifest)
    _conclude(run, params, manifest, read, s3)
    log.info("exported", run=run.run, vintage=run.vintage, items=manifest.items, scores=manifest.scores)
    return run


def _predictor(run: Run, params: Params) -> str:
    return run.name_of(params.predictor.predictor_name)


def _job(params: Params) -> str:
    return f"{params.forecast.forecast_name}_export"


def _accuracy_part(run: Run, params: Params, folder: str, number: int) -> str:
    name = f"{params.predictor.predictor_name}_export_{layout.second_of(run.vintage)}_part{number}.csv"
    return layout.accuracy(_predictor(run, params), folder) + name


def _keep_predictor(run: Run, predictor: str, reconciled: list[int] | None, s3: Any) -> None:
    """What can forecast again outlives the work files, until a newer forecast is published.

    Of a hierarchy, these are the series, as they were ``reconciled``.
    """
    for number in reconciled or ():
        for part, source in (
            ("shards", layout.shard(run.work, number)),
            ("trained", layout.reconciled_trained(run.work, number)),
        ):
            kept = layout.predictor(predictor, part) + source.rpartition("/")[2]
            objects.copy(s3, run.bucket, source, kept)
    if reconciled is not None:
        return
    for part, source in (("shards", layout.shards(run.work)), ("trained", layout.trained_shards(run.work))):
        objects.copy(s3, run.bucket, source, layout.predictor(predictor, part))


def _together(sums: dict[str, Sums], more: dict[str, Sums]) -> dict[str, Sums]:
    return {name: sums[name] + one if name in sums else one for name, one in more.items()}


def _announce(run: Run, params: Params, s3: Any) -> None:
    forecast, predictor = run.name_of(params.forecast.forecast_name), _predictor(run, params)
    root = f"s3://{run.bucket}/"
    forecasts = {"Forecast": forecast, "Destination": root + layout.vintage(layout.FORECAST, run.vintage)}
    resources.create(s3, run.bucket, "forecast-export-job", forecast, forecasts)
    backtests = {"Predictor": predictor, "Destination": root + layout.accuracy(predictor)}
    resources.create(s3, run.bucket, "predictor-backtest-export-job", predictor, backtests)


def _conclude(
    run: Run, params: Params, manifest: vintages.Manifest, files: list[inputs.InputFile], s3: Any
) -> None:
    forecast, predictor = run.name_of(params.forecast.forecast_name), manifest.predictor
    facts = {
        "OptimizationMetric": manifest.metric,
        "Scores": manifest.scores,
        "Items": manifest.items,
        "Inputs": [file.document() for file in files],
    }
    resources.mark(s3, run.bucket, "predictor", predictor, "ACTIVE", **facts)
    resources.mark(s3, run.bucket, "predictor-backtest-export-job", predictor, "ACTIVE")
    for kind in ("forecast", "forecast-export-job"):
        resources.mark(s3, run.bucket, kind, forecast, "ACTIVE")


def _sql_types(table: pa.Table) -> dict[str, str]:
    return {field.name: "double" if pa.types.is_floating(field.type) else "string" for field in table.schema}
