"""From rows to exported files, step by step, without a state machine."""

import csv
import io
import json
from typing import Any

import boto3
import pyarrow.parquet as pq
import pytest

from stepcast.pipeline import layout, objects, vintages
from stepcast.pipeline.errors import InvalidInputException, Superseded
from stepcast.pipeline.run import Run, ShardRun
from stepcast.pipeline.steps.create_dataset import create_dataset
from stepcast.pipeline.steps.export import export
from stepcast.pipeline.steps.forecast import forecast
from stepcast.pipeline.steps.import_data import import_data
from stepcast.pipeline.steps.train_predictor import train_predictor
from tests.pipeline.given import params_bytes, params_document
from tests.pipeline.steps.conftest import BUCKET, Account

NAIVE = {"Predictor__EvaluationParameters": {"NumberOfBacktestWindows": 2}}


def sales(items: tuple[str, ...] = ("desk", "lamp"), weeks: int = 8) -> str:
    """Sales that depend on the weekday alone, in quotes."""
    return "".join(
        f'"{item}",2026-{1 + day // 28:02}-{1 + day % 28:02},{10 + day % 7}\n'
        for item in items
        for day in range(weeks * 7)
    )


def run_steps(account: Account, data: str, **changes: Any) -> Run:
    account.put("params.json", params_bytes(**changes))
    account.put("train/a.csv", data)
    run = import_data(create_dataset(account.run(), s3=account.s3), s3=account.s3)
    for entry in objects.read_json(account.s3, BUCKET, layout.shard_list(run.run)):
        shard = ShardRun(**run.model_dump(), shard=entry["shard"])
        forecast(train_predictor(shard, s3=account.s3), s3=account.s3)
    cloudwatch = boto3.client("cloudwatch")
    try:
        return export(run, s3=account.s3, cloudwatch=cloudwatch)
    finally:
        cloudwatch.close()


def rows_under(account: Account, prefix: str) -> list[dict[str, str]]:
    files = [key for key in account.keys(prefix) if key.endswith(".csv")]
    return [row for key in files for row in csv.DictReader(io.StringIO(account.text(key)))]


def test_raw_is_wide_clean_is_long_and_both_say_the_same(account: Account) -> None:
    run = run_steps(account, sales(), **NAIVE)

    raw = rows_under(account, layout.raw(layout.FORECAST, run.vintage))
    clean = rows_under(account, layout.clean(layout.FORECAST, run.vintage))
    assert list(raw[0]) == ["item_id", "date", "p10", "p50", "p90"]
    assert list(clean[0]) == ["item_id", "timestamp", "target_value", "type"]
    assert len(raw) == 2 * 7
    assert {(r["item_id"], r["date"][:10], q, r[q]) for r in raw for q in ("p10", "p50", "p90")} == {
        (r["item_id"], r["timestamp"], r["type"], r["target_value"]) for r in clean
    }


def test_the_manifest_is_the_last_object_and_names_what_was_made(account: Account) -> None:
    run = run_steps(account, sales(), **NAIVE)

    manifest = vintages.read(account.s3, BUCKET, run.vintage)
    assert manifest is not None
    assert (manifest.items, manifest.best, manifest.published) == (2, "AutoML", None)
    assert set(manifest.scores) == {"SeasonalNaive", "NPTS", "ETS", "ARIMA", "AutoML"}
    assert manifest.clean_columns == {
        "item_id": "string",
        "timestamp": "string",
        "target_value": "double",
        "type": "string",
    }


def test_each_window_is_a_row_and_the_summary_is_their_mean(account: Account) -> None:
    run_steps(account, sales().replace("11\n", "13\n"), **NAIVE)

    rows = [row for row in rows_under(account, "accuracy/") if row.get("item_id") == "lamp" and "WAPE" in row]
    computed = [row for row in rows if row["backtest_window"] == "Computed"]
    (summary,) = [row for row in rows if row["backtest_window"] == "Summary"]
    assert len(computed) == 2
    assert float(summary["RMSE"]) == pytest.approx(sum(float(row["RMSE"]) for row in computed) / 2)
    assert summary["backtestwindow_start_time"] == min(row["backtestwindow_start_time"] for row in computed)
    assert summary["backtestwindow_end_time"] == max(row["backtestwindow_end_time"] for row in computed)


def test_the_leaderboard_has_every_item_and_the_whole(account: Account) -> None:
    run_steps(account, sales(), **NAIVE)

    (key,) = [key for key in account.keys("accuracy/") if "/leaderboard/" in key]
    body = account.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    rows = pq.read_table(io.BytesIO(body)).to_pylist()
    assert [(row["item_id"], row["scope"]) for row in rows] == [
        ("desk", "item"),
        ("lamp", "item"),
        (None, "all"),
    ]
    for row in rows:
        scores = [row[name] for name in row if name.startswith("score_")]
        assert row["score"] <= min(scores) + 1e-12


def test_a_named_algorithm_is_not_chosen_against_others(account: Account) -> None:
    arn = "arn:aws:forecast:::algorithm/NPTS"
    run = run_steps(account, sales(), Predictor__PerformAutoML=..., Predictor__AlgorithmArn=arn)

    manifest = vintages.read(account.s3, BUCKET, run.vintage)
    assert manifest is not None
    assert manifest.best == "NPTS"
    assert set(manifest.scores) == {"NPTS", "SeasonalNaive"}  # the latter to compare with


def test_a_history_too_short_for_a_backtest_is_forecast_all_the_same(account: Account) -> None:
    run = run_steps(account, "lamp,2026-01-01,3\nlamp,2026-01-02,4\n")

    manifest = vintages.read(account.s3, BUCKET, run.vintage)
    assert manifest is not None
    assert set(manifest.scores.values()) == {None}
    assert len(rows_under(account, layout.raw(layout.FORECAST, run.vintage))) == 7


def test_exporting_again_changes_nothing(account: Account) -> None:
    run = run_steps(account, sales(), **NAIVE)
    before = {key: account.text(key) for key in account.keys("forecast/")}

    cloudwatch = boto3.client("cloudwatch")
    export(run, s3=account.s3, cloudwatch=cloudwatch)
    cloudwatch.close()

    assert {key: account.text(key) for key in account.keys("forecast/")} == before


def test_files_that_change_while_they_are_read_end_the_run(account: Account) -> None:
    run = create_dataset(account.run(), s3=account.s3)
    account.put("train/b.csv", sales())

    with pytest.raises(Superseded):
        import_data(run, s3=account.s3)


def test_bad_rows_are_in_the_report_with_the_warnings_about_params(account: Account) -> None:
    document = params_document(Predictor__PerformHPO=True)
    account.put("params.json", json.dumps(document))
    account.put("train/a.csv", sales() + "lamp,2026-02-30,1\nlamp,2026-03-01,many\n")
    run = create_dataset(account.run(), s3=account.s3)

    with pytest.raises(InvalidInputException, match="the input has 2 errors") as refused:
        import_data(run, s3=account.s3)

    assert "2026-02-30" in str(refused.value)
    report = json.loads(account.text(layout.report(run.run, "json")))
    assert [problem["severity"] for problem in report["problems"]].count("warning") >= 1
    assert {problem["line"] for problem in report["problems"] if problem["severity"] == "error"} == {113, 114}
