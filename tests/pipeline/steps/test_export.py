"""From rows to exported files, step by step, without a state machine."""

import io
import json
import re

import boto3
import pyarrow.parquet as pq
import pytest

from stepcast.pipeline import layout, vintages
from stepcast.pipeline.errors import InvalidInputException, Superseded
from stepcast.pipeline.steps.create_dataset import create_dataset
from stepcast.pipeline.steps.export import export
from stepcast.pipeline.steps.import_data import import_data
from tests.pipeline.given import MINIMAL, params_document
from tests.pipeline.steps.conftest import BUCKET, Account
from tests.pipeline.steps.whole_run import leaderboard, rows_under, run_steps

TWO_WINDOWS = {"Predictor__EvaluationParameters": {"NumberOfBacktestWindows": 2}}

COLORS = {
    "DatasetName": "Colors",
    "Domain": "CUSTOM",
    "DatasetType": "ITEM_METADATA",
    "Schema": {
        "Attributes": [
            {"AttributeName": "item_id", "AttributeType": "string"},
            {"AttributeName": "color", "AttributeType": "string"},
        ]
    },
}


def sales(items: tuple[str, ...] = ("desk", "lamp"), weeks: int = 8) -> str:
    """Sales that depend on the weekday alone, in quotes."""
    return "".join(
        f'"{item}",2026-{1 + day // 28:02}-{1 + day % 28:02},{10 + day % 7}\n'
        for item in items
        for day in range(weeks * 7)
    )


def test_raw_is_wide_clean_is_long_and_both_say_the_same(account: Account) -> None:
    run = run_steps(account, sales(), **TWO_WINDOWS)

    raw = rows_under(account, layout.raw(layout.FORECAST, run.vintage))
    clean = rows_under(account, layout.clean(layout.FORECAST, run.vintage))
    assert list(raw[0]) == ["item_id", "date", "p10", "p50", "p90"]
    assert list(clean[0]) == ["item_id", "timestamp", "target_value", "type"]
    assert len(raw) == 2 * 7
    assert {(r["item_id"], r["date"][:10], q, r[q]) for r in raw for q in ("p10", "p50", "p90")} == {
        (r["item_id"], r["timestamp"], r["type"], r["target_value"]) for r in clean
    }


def test_the_manifest_is_the_last_object_and_names_what_was_made(account: Account) -> None:
    run = run_steps(account, sales(), **TWO_WINDOWS)

    manifest = vintages.read(account.s3, BUCKET, run.vintage)
    assert manifest is not None
    assert (manifest.items, manifest.best, manifest.published) == (2, "AutoPredictor", None)
    assert set(manifest.scores) == {"AutoPredictor", "SeasonalNaive"}
    assert manifest.clean_columns == {
        "item_id": "string",
        "timestamp": "string",
        "target_value": "double",
        "type": "string",
    }


def test_each_window_is_a_row_and_the_summary_is_their_mean(account: Account) -> None:
    run_steps(account, sales().replace("11\n", "13\n"), **TWO_WINDOWS)

    rows = [row for row in rows_under(account, "accuracy/") if row.get("item_id") == "lamp" and "WAPE" in row]
    computed = [row for row in rows if row["backtest_window"] == "Computed"]
    (summary,) = [row for row in rows if row["backtest_window"] == "Summary"]
    assert len(computed) == 2
    assert float(summary["RMSE"]) == pytest.approx(sum(float(row["RMSE"]) for row in computed) / 2)
    assert summary["backtestwindow_start_time"] == min(row["backtestwindow_start_time"] for row in computed)
    assert summary["backtestwindow_end_time"] == max(row["backtestwindow_end_time"] for row in computed)


def test_the_manifest_has_every_metric_by_model_and_window_and_over_all(account: Account) -> None:
    """Over all items: each has the same outcomes here, so that one item's accuracy is everybody's."""
    run = run_steps(account, sales().replace("11\n", "13\n"), **TWO_WINDOWS)

    manifest = vintages.read(account.s3, BUCKET, run.vintage)
    assert manifest is not None
    found = {(one.model, one.window): one for one in manifest.evaluations}
    (whole,) = [row for row in leaderboard(account) if row["scope"] == "all"]
    rows = [row for row in rows_under(account, "accuracy/") if row.get("item_id") == "lamp" and "WAPE" in row]
    latest = max(
        (row for row in rows if row["backtest_window"] == "Computed"),
        key=lambda row: row["backtestwindow_start_time"],
    )
    assert set(found) == {(model, window) for model in manifest.scores for window in (None, 1, 2)}
    assert found["AutoPredictor", None].metrics["average_wql"] == whole["wql"]
    assert found["SeasonalNaive", None].metrics["average_wql"] == whole["wql_seasonal_naive"]
    assert found["AutoPredictor", 1].start == latest["backtestwindow_start_time"]
    assert found["AutoPredictor", 1].metrics["wql_p90"] == pytest.approx(float(latest["wQL[0.9]"]))
    assert found["AutoPredictor", 1].metrics["mase"] == pytest.approx(float(latest["MASE"]))
    assert found["AutoPredictor", 1].points == 2 * 7
    assert found["AutoPredictor", None].points == 4 * 7


def test_what_can_forecast_again_outlives_the_work_files(account: Account) -> None:
    run = run_steps(account, sales(), **TWO_WINDOWS)
    predictor = layout.predictor(run.name_of("SalesPredictor"))

    def content(prefix: str, begins: str) -> dict[str, bytes]:
        return {
            key.removeprefix(prefix): account.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
            for key in account.keys(prefix + begins)
        }

    kept, work = content(predictor, ""), layout.work(run.work)
    assert kept == content(work, "shards/") | content(work, "trained/") | content(work, "shared.npz")
    assert {key.partition("/")[0] for key in kept} == {"shards", "trained", "shared.npz"}
    assert json.loads(account.text(layout.vintage_params(layout.FORECAST, run.vintage))) == json.loads(
        account.text(layout.frozen_params(run.work))
    )


def test_the_leaderboard_says_of_every_item_and_the_whole_how_it_is_forecast(account: Account) -> None:
    run_steps(account, sales(), **TWO_WINDOWS)

    *items, whole = leaderboard(account)
    assert [(row["item_id"], row["scope"]) for row in (*items, whole)] == [
        ("desk", "item"),
        ("lamp", "item"),
        (None, "all"),
    ]
    for row in (*items, whole):
        assert row["model"] == "AutoPredictor"
        assert row["score"] == row["score_auto_predictor"] == row["wql"]
        assert row["wql_seasonal_naive"] == row["score_seasonal_naive"]
        assert 0 <= row["coverage"] <= 1
    for row in items:
        assert row["seasons"] == "7"
        assert re.fullmatch(r"[a-z]\S* [\d.]+(, .+ [\d.]+)*", row["weights"])
        assert re.search(r"\d$", row["sources"])


def test_the_score_is_the_metric_asked_for_and_the_quantile_loss_stays(account: Account) -> None:
    run_steps(account, sales(), Predictor__OptimizationMetric="RMSE")

    row, *_ = leaderboard(account)
    (metrics,) = [
        row
        for row in rows_under(account, "accuracy/")
        if row.get("backtest_window") == "Summary" and row["item_id"] == "desk"
    ]
    assert row["metric"] == "RMSE"
    assert row["score"] == pytest.approx(float(metrics["RMSE"]))
    assert row["wql"] == pytest.approx(float(metrics["Average wQL"]))


def test_a_named_algorithm_is_shown_beside_seasonal_naive(account: Account) -> None:
    arn = "arn:aws:forecast:::algorithm/NPTS"
    run = run_steps(account, sales(), Predictor__PerformAutoML=..., Predictor__AlgorithmArn=arn)

    manifest = vintages.read(account.s3, BUCKET, run.vintage)
    assert manifest is not None
    assert manifest.best == "NPTS"
    assert set(manifest.scores) == {"NPTS", "SeasonalNaive"}
    desk, *_ = leaderboard(account)
    assert (desk["model"], desk["weights"], desk["seasons"], desk["note"]) == ("NPTS", "NPTS 1", "7", None)


def test_an_item_that_the_algorithm_cannot_fit_is_seasonal_naives_and_says_why(account: Account) -> None:
    arn = "arn:aws:forecast:::algorithm/ARIMA"
    few = "stool,2026-02-26,3\nstool,2026-02-27,4\n"
    run_steps(account, sales(("lamp",)) + few, Predictor__PerformAutoML=..., Predictor__AlgorithmArn=arn)

    stool = next(row for row in leaderboard(account) if row["item_id"] == "stool")
    assert stool["model"] == "SeasonalNaive"
    assert stool["note"].startswith(
        "ARIMA could not be fitted (it needs 8 observations but there are only 3)"
    )
    assert "not backtested" in stool["note"]


def test_a_history_too_short_for_a_backtest_is_forecast_all_the_same(account: Account) -> None:
    run = run_steps(account, "lamp,2026-01-01,3\nlamp,2026-01-02,4\n")

    manifest = vintages.read(account.s3, BUCKET, run.vintage)
    assert manifest is not None
    assert set(manifest.scores.values()) == {None}
    for row in leaderboard(account):
        assert (row["score"], row["coverage"]) == (None, None)
        assert "not backtested" in row["note"]
    assert len(rows_under(account, layout.raw(layout.FORECAST, run.vintage))) == 7


def test_an_item_with_a_missing_day_is_judged_on_the_others_and_the_export_is_the_services(
    account: Account,
) -> None:
    """The service tests no window of an item in which a value was filled in."""
    missing = sales().replace('"desk",2026-02-25,13\n', "")
    run = run_steps(account, missing)

    desk, lamp, whole = leaderboard(account)
    assert desk["score"] is not None
    assert desk["note"] == "backtested on 6 of 7 points: the other points were not observed"
    assert (lamp["note"], whole["note"]) == (None, "over all items")
    manifest = vintages.read(account.s3, BUCKET, run.vintage)
    assert manifest is not None
    assert manifest.backtest == "2 of 2 items, 13 points"
    exported = rows_under(account, "accuracy/")
    assert {row["item_id"] for row in exported} == {"lamp"}
    (key,) = [key for key in account.keys("accuracy/") if "/accuracy/" in key]
    body = account.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    assert set(pq.read_table(io.BytesIO(body))["item_id"].to_pylist()) == {"desk", "lamp"}


def test_the_summary_of_the_items_has_their_volume_figures_and_attributes(account: Account) -> None:
    account.put("metadata/m.csv", "desk,brown\nlamp,red\n")
    run = run_steps(account, sales(), **TWO_WINDOWS, Datasets=[*MINIMAL["Datasets"], COLORS])

    body = account.body(layout.item_summary(layout.FORECAST, run.vintage))
    items = pq.read_table(io.BytesIO(body)).to_pylist()
    rows = {row["item_id"]: row for row in leaderboard(account) if row["scope"] == "item"}
    assert [(one["key.item_id"], one["attribute.color"], one["shard"]) for one in items] == [
        ("desk", "brown", 0),
        ("lamp", "red", 0),
    ]
    ahead = [row for row in rows_under(account, "forecast/") if "date" in row]
    for one in items:
        name = one["key.item_id"]
        assert one["volume"] == pytest.approx(sum(float(r["p50"]) for r in ahead if r["item_id"] == name))
        assert (one["wql"], one["coverage"]) == (rows[name]["wql"], rows[name]["coverage"])
        assert one["noted"] == (rows[name]["note"] is not None)


def test_exporting_again_changes_nothing(account: Account) -> None:
    run = run_steps(account, sales(), **TWO_WINDOWS)
    before = {key: account.body(key) for key in account.keys("forecast/")}

    cloudwatch = boto3.client("cloudwatch")
    export(run, s3=account.s3, cloudwatch=cloudwatch)
    cloudwatch.close()

    assert {key: account.body(key) for key in account.keys("forecast/")} == before


def test_files_that_change_while_they_are_read_end_the_run(account: Account) -> None:
    run = create_dataset(account.run(), s3=account.s3)
    account.put("train/b.csv", sales())

    with pytest.raises(Superseded):
        import_data(run, s3=account.s3)


def test_bad_rows_are_in_the_report_with_the_warnings_about_params(account: Account) -> None:
    document = params_document(Predictor__AutoMLOverrideStrategy="AccuracyOptimized")
    account.put("params.json", json.dumps(document))
    account.put("train/a.csv", sales() + "lamp,2026-02-30,1\nlamp,2026-03-01,many\n")
    run = create_dataset(account.run(), s3=account.s3)

    with pytest.raises(InvalidInputException, match="the input has 2 errors") as refused:
        import_data(run, s3=account.s3)

    assert "2026-02-30" in str(refused.value)
    report = json.loads(account.text(layout.report(run.run, "json")))
    assert [problem["severity"] for problem in report["problems"]].count("warning") >= 1
    assert {problem["line"] for problem in report["problems"] if problem["severity"] == "error"} == {113, 114}
