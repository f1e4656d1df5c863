"""Drift through the real machine: what came beside what was forecast; it never breaks a forecast."""

import json
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from typer.testing import CliRunner

from stepcast.cli.app import app
from stepcast.connect.prometheus.exporter import Exporter
from stepcast.pipeline import layout
from tests.e2e.conftest import ROOT, Stack, daily_sales
from tests.pipeline.given import params_bytes

CUT = "2025-06-24 00:00:00"  # a week before the end of testing-data
SHIFTED = {"farm", "loft"}


def households() -> list[str]:
    files = sorted((ROOT / "testing-data/train").glob("*.csv"))
    return [line for path in files for line in path.read_text().splitlines()]


def after_the_cut(*shifted: str) -> bytes:
    """The last week; items in ``shifted`` use half as much again."""
    rows = [line.split(",") for line in households() if line >= CUT]
    grown = [[t, f"{float(v) * 1.5:.3f}" if item in shifted else v, item] for t, v, item in rows]
    return "".join(",".join(row) + "\n" for row in grown).encode()


def last_message(stack: Stack) -> str:
    return str(stack.aws.mailbox.messages()[-1].body)


@pytest.fixture(scope="module")
def first(stack: Stack) -> str:
    """The vintage made before the last week came."""
    known = "".join(line + "\n" for line in households() if line < CUT).encode()
    params = (ROOT / "params.json").read_bytes()
    execution = stack.drop({"params.json": params, "train/known.csv": known})
    assert execution["status"] == "SUCCEEDED", execution
    (vintage,) = stack.vintages()
    return vintage


def test_a_first_run_has_nothing_to_compare_and_says_so(stack: Stack, first: str) -> None:
    assert "Drift: no earlier forecast of these columns and periods; nothing to compare yet." in last_message(
        stack
    )
    assert stack.sql("SELECT * FROM drift") == []
    assert stack.sql("SELECT * FROM monitor") == []


@pytest.fixture(scope="module")
def continued(stack: Stack, first: str) -> dict[str, Any]:
    """The week that really came."""
    execution = stack.drop({"train/week.csv": after_the_cut()})
    assert execution["status"] == "SUCCEEDED", execution
    return execution


def test_a_week_like_those_before_is_no_drift(stack: Stack, continued: dict[str, Any], first: str) -> None:
    assert stack.sql("SELECT * FROM drift") == []
    assert "Drift: none found, in 168 periods from 2025-06-24 00:00:00" in last_message(stack)
    leads = stack.sql("SELECT count(*) AS n, min(lead) AS low, max(lead) AS high FROM monitor")
    assert leads == [{"n": str(7 * 73), "low": "0", "high": "72"}]


def test_realised_accuracy_is_that_of_the_history_table(
    stack: Stack, continued: dict[str, Any], first: str
) -> None:
    """The reader's own join of forecast_history and train gives the same WAPE and coverage."""
    own = stack.sql(
        "SELECT t.item_id, sum(abs(t.target_value - m.target_value)) / sum(abs(t.target_value)) AS wape, "
        "avg(CASE WHEN t.target_value BETWEEN l.target_value AND h.target_value THEN 1e0 ELSE 0e0 END) "
        "AS coverage "
        "FROM train t JOIN forecast_history m ON m.item_id = t.item_id AND m.timestamp = t.timestamp "
        "AND m.type = 'p50' JOIN forecast_history l ON l.item_id = t.item_id AND l.timestamp = t.timestamp "
        "AND l.type = 'p10' JOIN forecast_history h ON h.item_id = t.item_id AND h.timestamp = t.timestamp "
        "AND h.type = 'p90' GROUP BY 1 ORDER BY 1"
    )
    told = stack.sql("SELECT item_id, wape, coverage FROM monitor WHERE lead = 0 ORDER BY 1")

    assert len(own) == 7
    assert [row["item_id"] for row in told] == [row["item_id"] for row in own]
    for name in ("wape", "coverage"):
        values = [[float(row[name]) for row in rows] for rows in (told, own)]
        assert values[0] == pytest.approx(values[1])


def test_the_evaluation_has_the_services_fields(stack: Stack, continued: dict[str, Any], first: str) -> None:
    document = json.loads(stack.text("resources/monitor/HouseholdsPredictor.json"))
    (evaluation,) = document["Evaluations"]
    model = botocore.session.get_session().get_service_model("forecast")
    fields = model.shape_for("PredictorMonitorEvaluation").members

    assert set(evaluation) <= set(fields)
    assert set(fields) - set(evaluation) == {"Message"}
    assert evaluation["EvaluationState"] == "SUCCESS"
    assert evaluation["NumItemsEvaluated"] == 7
    assert evaluation["WindowStartDatetime"] == "2025-06-24T00:00:00"
    assert evaluation["WindowEndDatetime"] == "2025-06-26T23:00:00"
    metrics = [one["MetricName"] for one in evaluation["MetricResults"]]
    assert metrics == ["AverageWeightedQuantileLoss", "MAPE", "MASE", "RMSE", "WAPE"]
    assert evaluation["MonitorDataSource"]["PredictorArn"].endswith(f":predictor/{_named(first)}")
    assert set(document["Baseline"]["PredictorBaseline"]["BaselineMetrics"][0]) == {"Name", "Value"}


def _named(vintage: str) -> str:
    return layout.resource_name("HouseholdsPredictor", vintage)


@pytest.fixture(scope="module")
def shifted(stack: Stack, continued: dict[str, Any]) -> dict[str, Any]:
    """The same week, but two households use half as much again."""
    execution = stack.drop({"train/week.csv": after_the_cut(*SHIFTED)})
    assert execution["status"] == "SUCCEEDED", execution
    return execution


def test_a_shift_of_half_raises_exactly_the_items_that_shifted(stack: Stack, shifted: dict[str, Any]) -> None:
    rows = stack.sql("SELECT item_id, severity, kind, since, advice FROM drift")

    assert {row["item_id"] for row in rows} == SHIFTED
    assert {row["severity"] for row in rows} == {"drift"}
    assert {row["item_id"] for row in rows if row["kind"] == "concept"} == SHIFTED
    assert all("2025-06-24 00:00:00" <= row["since"] <= "2025-06-25 12:00:00" for row in rows)
    assert "Drift: 2 of 7 items (concept 2" in last_message(stack)


def test_drift_reaches_cloudwatch_where_the_alarm_looks(stack: Stack, shifted: dict[str, Any]) -> None:
    cloudwatch = stack.client("cloudwatch")
    (alarm,) = [
        one for one in cloudwatch.describe_alarms()["MetricAlarms"] if one["MetricName"] == "DriftedItems"
    ]
    found = cloudwatch.list_metrics(Namespace=alarm["Namespace"], MetricName="DriftedItems")["Metrics"]

    assert alarm["Dimensions"] == [{"Name": "Bucket", "Value": stack.bucket}]
    assert alarm["Dimensions"] in [metric["Dimensions"] for metric in found]
    assert alarm["AlarmActions"] == [stack.outputs["TopicArn"]]


def test_the_command_line_says_the_same(stack: Stack, shifted: dict[str, Any]) -> None:
    told = CliRunner().invoke(app, ["drift", "--endpoint", stack.aws.endpoint])
    as_json = CliRunner().invoke(app, ["drift", "--json", "--endpoint", stack.aws.endpoint])

    assert told.exit_code == 0, told.output
    assert "Drift: 2 of 7 items" in told.output
    assert "farm" in told.output
    assert "villa" not in told.output
    answer = json.loads(as_json.output)
    assert {row["item_id"] for row in answer["found"]} == SHIFTED
    assert answer["summary"]["kinds"]["concept"] == 2
    assert len(answer["leads"]) == 72
    assert len(answer["evaluations"]) == 1


def test_prometheus_is_told_the_same(stack: Stack, shifted: dict[str, Any]) -> None:
    page = Exporter(stack.s3, stack.bucket, ["0s"], most=1000).page()

    lines = {line for line in page.splitlines() if line.startswith("stepcast_drift{")}
    rows = stack.sql("SELECT item_id, kind FROM drift")
    assert lines == {f'stepcast_drift{{item_id="{row["item_id"]}",kind="{row["kind"]}"}} 1.0' for row in rows}


def test_only_the_newest_rows_are_kept(stack: Stack, shifted: dict[str, Any]) -> None:
    (current,) = stack.vintages()
    folders = {key.split("/")[1] for key in stack.keys("monitor/") if "/drift/" in key}

    assert folders == {current}


@pytest.fixture
def broken(stack: Stack) -> Iterator[None]:
    """MonitorDrift may not read earlier forecasts."""
    iam, role = stack.client("iam"), stack.resources["MonitorDriftRole"]
    (policy,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    less = {**document, "Statement": document["Statement"][:2]}
    iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(less))
    yield
    iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document))


def test_a_failure_of_monitoring_breaks_no_forecast_and_is_told(
    stack: Stack, shifted: dict[str, Any], broken: None
) -> None:
    before = stack.vintages()
    rows = stack.sql("SELECT item_id FROM drift")
    stack.delete("train/")

    execution = stack.drop({"params.json": params_bytes(), "train/sales.csv": daily_sales()})

    assert execution["status"] == "SUCCEEDED", execution
    assert stack.vintages() != before
    message = last_message(stack)
    assert (
        "Drift was not checked, because the function MonitorDrift failed. The forecast is complete" in message
    )
    assert "Read the error in the log of MonitorDrift; the next run checks again." in message
    assert stack.sql("SELECT item_id FROM drift") == rows  # those of the run before
    told = CliRunner().invoke(app, ["drift", "--endpoint", stack.aws.endpoint])
    assert "Drift is unknown" in told.output
