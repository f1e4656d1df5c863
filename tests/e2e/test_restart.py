"""With a state folder, a forecast outlives the local stack."""

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Stack, daily_sales, deploy
from tests.pipeline.given import params_bytes


def forecasts(stack: Stack) -> list[dict[str, Any]]:
    return stack.sql("SELECT * FROM forecast ORDER BY item_id, type, timestamp")


def map_runs(stack: Stack, execution: dict[str, Any]) -> list[dict[str, Any]]:
    states = stack.client("stepfunctions")
    found = states.list_map_runs(executionArn=execution["executionArn"])["mapRuns"]
    return [states.describe_map_run(mapRunArn=map_run["mapRunArn"])["itemCounts"] for map_run in found]


@pytest.mark.long
def test_forecast_history_and_executions_are_there_after_a_restart(tmp_path: Path) -> None:
    aws, before = deploy(tmp_path)
    try:
        execution = before.drop({"params.json": params_bytes(), "train/sales.csv": daily_sales()})
        rows, counts = forecasts(before), map_runs(before, execution)
    finally:
        aws.stop()

    aws, after = deploy(tmp_path)
    try:
        assert after.ended()["status"] == "SUCCEEDED"
        assert forecasts(after) == rows
        assert map_runs(after, execution) == counts
        assert [count["succeeded"] for count in counts] == [1, 1]
        assert [message.subject for message in aws.mailbox.messages()] == [
            "Stepcast: forecast of Sales is ready"
        ]
        again = after.drop({"train/sales.csv": daily_sales(days=77)})
        assert again["status"] == "SUCCEEDED"
        assert len(after.vintages("history/")) == 1
    finally:
        aws.stop()
