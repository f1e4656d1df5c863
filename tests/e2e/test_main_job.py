"""A CSV and a params.json in the bucket become quantiles that Athena's clients read with SQL."""

import csv
import io
import json

import awswrangler as wr
import pyathena
import pytest

from tests.e2e.conftest import Stack, daily_sales
from tests.pipeline.given import params_bytes
from tests.shared_data import shared_data

KEY_QUERY = (
    "SELECT LOWER(forecast.item_id) as item_id, forecast.target_value, "
    "date_parse(forecast.timestamp, '%Y-%m-%d %H:%i:%s') as timestamp, forecast.type FROM default.forecast "
    "UNION ALL SELECT LOWER(train.item_id) as item_id, train.target_value, "
    "date_parse(train.timestamp, '%Y-%m-%d %H:%i:%s') as timestamp, 'history' as type FROM default.train"
)


@pytest.fixture(scope="module")
def demo(stack: Stack) -> Stack:
    """The reference pipeline's own input, as it is."""
    files = {key: shared_data(f"demo/{name}").read_bytes() for key, name in DEMO.items()}
    execution = stack.drop(files)
    assert execution["status"] == "SUCCEEDED", execution
    return stack


DEMO = {"params.json": "params.json", "train/item-demand-time.csv": "item-demand-time.csv"}


def test_the_state_machine_went_through_every_state(demo: Stack) -> None:
    arn = demo.ended()["executionArn"]
    pages = demo.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=arn)
    entered = [
        event["stateEnteredEventDetails"]["name"]
        for page in pages
        for event in page["events"]
        if "stateEnteredEventDetails" in event
    ]

    assert entered[1:-1] == [
        *("CreateDataset", "ImportData", "MonitorDrift", "FitShared", "Engine", "TrainPredictor", "Forecast"),
        *("Hierarchy", "Export", "UpdateAthena", "Notify", "PerformDelete", "CleanupWorkFiles"),
    ]
    assert entered[-1] == "Done"


def test_the_key_query_gives_its_rows_through_awswrangler(demo: Stack) -> None:
    frame = wr.athena.read_sql_query(KEY_QUERY, database="default", workgroup=demo.outputs["WorkGroupName"])

    assert frame["type"].value_counts().to_dict() == {"history": 23_973, "p10": 216, "p50": 216, "p90": 216}
    assert str(frame["timestamp"].dtype).startswith("datetime64")
    assert set(frame["item_id"]) == {"client_12", "client_10", "client_111"}
    assert not frame.isna().any().any()


def test_the_key_query_gives_its_rows_through_pyathena(demo: Stack) -> None:
    with pyathena.connect(work_group=demo.outputs["WorkGroupName"], schema_name="default") as connection:
        cursor = connection.cursor()
        cursor.execute(KEY_QUERY)
        rows = cursor.fetchall()

    assert len(rows) == 23_973 + 3 * 72 * 3
    assert [column[0] for column in cursor.description or ()] == [
        "item_id",
        "target_value",
        "timestamp",
        "type",
    ]


def test_quantiles_are_ordered_and_follow_on_the_history(demo: Stack) -> None:
    rows = demo.sql(
        "SELECT item_id, count(*) AS n, min(date) AS first, bool_and(p10 <= p50 AND p50 <= p90) AS ordered "
        "FROM forecast_wide GROUP BY item_id"
    )

    assert {row["ordered"] for row in rows} == {"true"}
    assert {row["n"] for row in rows} == {"72"}
    last = demo.sql("SELECT max(timestamp) AS last FROM train")[0]["last"]
    assert {row["first"] for row in rows} == {"2014-11-30T00:00:00Z"}
    assert last == "2014-11-29 23:00:00"


def test_the_forecast_beats_repeating_the_last_season_and_the_leaderboard_says_so(demo: Stack) -> None:
    (row,) = demo.sql("SELECT * FROM leaderboard WHERE scope = 'all'")

    assert row["model"] == "AutoPredictor"
    assert row["metric"] == "AverageWeightedQuantileLoss"
    assert float(str(row["score"])) < float(str(row["score_seasonal_naive"]))
    assert 0.6 < float(str(row["coverage"])) < 0.95
    items = demo.sql("SELECT * FROM leaderboard WHERE scope = 'item'")
    assert len(items) == 3
    for item in items:
        assert float(str(item["wql"])) < float(str(item["wql_seasonal_naive"]))
        assert item["seasons"] == "24, 168"
        assert item["weights"]
        assert item["sources"]


def test_exports_have_the_services_layout(demo: Stack) -> None:
    (vintage,) = demo.vintages()
    raw = [key for key in demo.keys(f"forecast/{vintage}/raw/") if key.endswith("_part0.csv")]
    assert raw == [f"forecast/{vintage}/raw/GithubForecastExample_export_{vintage[:20]}_part0.csv"]
    assert next(csv.reader(io.StringIO(demo.text(raw[0])))) == ["item_id", "date", "p10", "p50", "p90"]

    clean = demo.text(f"forecast/{vintage}/clean/part-0.csv").splitlines()
    assert clean[0] == "timestamp,target_value,item_id,type"

    metrics = [key for key in demo.keys("accuracy/") if "/accuracy-metrics-values/" in key]
    header = demo.text(metrics[0]).splitlines()[0]
    assert header == (
        "item_id,backtest_window,backtestwindow_start_time,backtestwindow_end_time,"
        "wQL[0.1],wQL[0.5],wQL[0.9],Average wQL,RMSE,WAPE,MAPE,MASE"
    )
    values = [key for key in demo.keys("accuracy/") if "/forecasted-values/" in key]
    assert demo.text(values[0]).splitlines()[0] == (
        "item_id,timestamp,target_value,backtestwindow_start_time,backtestwindow_end_time,p10,p50,p90"
    )


def test_the_accuracy_table_agrees_with_the_exported_file(demo: Stack) -> None:
    rows = demo.sql("SELECT item_id, wql_p50, wape FROM accuracy WHERE backtest_window = 'Summary'")
    assert len(rows) == 3
    for row in rows:  # wQL[0.5] with the median is WAPE
        assert float(str(row["wql_p50"])) == pytest.approx(float(str(row["wape"])))


def test_metrics_reach_cloudwatch(demo: Stack) -> None:
    metrics = demo.client("cloudwatch").list_metrics(Namespace="FORECAST")["Metrics"]
    seen = {(metric["MetricName"], *sorted(d["Value"] for d in metric["Dimensions"])) for metric in metrics}

    assert {("WQL", "0.9", "AutoPredictor"), ("RMSE", "AutoPredictor"), ("RMSE", "SeasonalNaive")} <= seen


def test_a_message_says_that_the_forecast_is_ready(demo: Stack) -> None:
    subjects = [message.subject for message in demo.aws.mailbox.messages()]

    assert "Stepcast: forecast of GithubTargetTimeSeries is ready" in subjects


def test_resources_are_described_and_work_files_are_gone(demo: Stack) -> None:
    kinds = {key.split("/")[1] for key in demo.keys("resources/")}
    assert kinds == {
        "dataset",
        "dataset-group",
        "dataset-import-job",
        "predictor",
        "predictor-backtest-export-job",
        "forecast",
        "forecast-export-job",
    }
    statuses = {json.loads(demo.text(key))["Status"] for key in demo.keys("resources/")}
    assert statuses == {"ACTIVE"}
    assert demo.keys("runs/") == []


def test_dimensions_any_spelling_and_perform_delete(stack: Stack) -> None:
    """Two dimensions of which one is kept, ids that need quoting, the mean, resources deleted."""
    columns = [("item_id", "string"), ("shop", "string"), ("timestamp", "timestamp"), ("till", "string")]
    attributes = [{"AttributeName": name, "AttributeType": kind} for name, kind in columns]
    stack.delete("train/")
    ids = ['Lamp, "big"', "Ünïcode\\path", "plain"]
    lines = [
        f'"{item.replace(chr(34), chr(34) * 2)}",north,{line.split(",")[1]},{till},{line.split(",")[2]}'
        for item in ids
        for till in ("a", "b")
        for line in daily_sales(("x",), days=40).decode().splitlines()
    ]
    execution = stack.drop(
        {
            "params.json": params_bytes(
                Datasets__0__Schema__Attributes=[
                    *attributes,
                    {"AttributeName": "target_value", "AttributeType": "float"},
                ],
                Predictor__FeaturizationConfig={"ForecastFrequency": "D", "ForecastDimensions": ["shop"]},
                Forecast__ForecastTypes=["0.05", "0.5", "0.95", "mean"],
                PerformDelete=True,
            ),
            "train/sales.csv": "\n".join(lines).encode(),
        }
    )

    assert execution["status"] == "SUCCEEDED", execution
    rows = stack.sql("SELECT item_id, shop, till, type, count(*) AS n FROM forecast GROUP BY 1, 2, 3, 4")
    assert {row["item_id"] for row in rows} == set(ids)
    assert {row["shop"] for row in rows} == {"north"}
    assert {row["type"] for row in rows} == {"p5", "p50", "p95", "mean"}
    assert {row["n"] for row in rows} == {"7"}
    (vintage,) = stack.vintages()
    raw = next(key for key in stack.keys(f"forecast/{vintage}/raw/"))
    assert stack.text(raw).splitlines()[0] == "item_id,date,shop,p5,p50,p95,mean"
    left = {key.split("/")[1] for key in stack.keys("resources/") if vintage.replace("-", "") in key}
    assert left == set()
