"""A network by name through the whole pipeline: trained in FitShared, forecast in the shards."""

import json

import pytest

from tests.e2e.conftest import Stack, daily_sales
from tests.pipeline.given import params_bytes


@pytest.mark.parametrize("name", ["CNN-QR", pytest.param("Deep_AR_Plus", marks=pytest.mark.long)])
def test_a_network_is_trained_once_and_forecasts_every_item(stack: Stack, name: str) -> None:
    params = params_bytes(
        Predictor__PerformAutoML=...,
        Predictor__AlgorithmArn=f"arn:aws:forecast:::algorithm/{name}",
        Predictor__TrainingParameters={"epochs": "3"},
    )
    execution = stack.drop({"params.json": params, "train/sales.csv": daily_sales(days=120)})
    assert execution["status"] == "SUCCEEDED", execution

    (row,) = stack.sql("SELECT * FROM leaderboard WHERE scope = 'all'")
    assert row["model"] == name, row
    assert float(row["score"]) < 1
    counts = stack.sql("SELECT type, count(*) AS rows FROM forecast GROUP BY type")
    assert {row["type"]: row["rows"] for row in counts}.keys() == {"p10", "p50", "p90"}

    logs = stack.client("logs")
    group = stack.outputs["StateMachineArn"].rpartition(":")[2].removesuffix("-forecast")
    events = logs.filter_log_events(logGroupName=f"/aws/lambda/{group}-FitShared")["events"]
    lines = [json.loads(event["message"]) for event in events if event["message"].startswith("{")]
    epochs = [line for line in lines if line["message"] == "epoch" and line["algorithm"] == name]
    phases = [line["phase"] for line in epochs]
    anew = phases[4:]  # for as many epochs as were best
    assert phases[:4] == ["learning"] * 3 + ["backtest"]
    assert anew == ["forecast"] * len(anew)
    assert 2 <= len(anew) <= 4
