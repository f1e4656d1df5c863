"""One input, one run; one vintage under forecast/, the others under history/."""

import json
from typing import Any

import pytest

from stepcast.pipeline.run import fingerprint
from tests.e2e.conftest import Stack, daily_sales
from tests.pipeline.given import params_bytes


@pytest.fixture(scope="module")
def first(stack: Stack) -> str:
    """The vintage of a first drop."""
    execution = stack.drop({"params.json": params_bytes(), "train/sales.csv": daily_sales()})
    assert execution["status"] == "SUCCEEDED", execution
    (vintage,) = stack.vintages()
    return vintage


def event(stack: Stack, when: str) -> bytes:
    bucket = {"name": stack.bucket, "arn": f"arn:aws:s3:::{stack.bucket}"}
    record = {
        "eventName": "ObjectCreated:Put",
        "eventTime": when,
        "s3": {"bucket": bucket, "object": {"key": "x"}},
    }
    return json.dumps({"Records": [record]}).encode()


def started(stack: Stack, when: str) -> dict[str, Any]:
    invocation = stack.aws.invoke(stack.resources["StartExecutionFunction"], event(stack, when))
    assert invocation.error is None, invocation.payload
    answer: dict[str, Any] = json.loads(invocation.payload)
    return answer


def test_duplicate_events_start_one_run(stack: Stack, first: str) -> None:
    before = {execution["name"] for execution in stack.executions()}

    assert started(stack, "2020-01-01T00:00:00.000Z")["outcome"] == "duplicate"
    assert started(stack, "2999-01-01T00:00:00.000Z")["outcome"] == "up_to_date"
    assert {execution["name"] for execution in stack.executions()} == before


def test_a_thousand_duplicates_cost_one_look_at_the_bucket(stack: Stack, first: str) -> None:
    """The function is warm, so only its first look is told from the later events by S3's own clock."""
    before = {execution["name"] for execution in stack.executions()}

    reasons = [started(stack, "2020-01-01T00:00:00.000Z")["why"] for _ in range(1000)]

    assert reasons[10:] == ["the bucket was listed after this upload"] * 990
    assert {execution["name"] for execution in stack.executions()} == before


def test_a_second_drop_moves_the_first_vintage_to_history(stack: Stack, first: str) -> None:
    execution = stack.drop({"train/sales.csv": daily_sales(days=77)})
    assert execution["status"] == "SUCCEEDED", execution

    (second,) = stack.vintages()
    assert second > first
    assert stack.vintages("history/") == {first}
    rows = stack.sql("SELECT vintage, type, count(*) AS n FROM forecast_history GROUP BY 1, 2")
    assert {(row["vintage"], row["type"], row["n"]) for row in rows} == {
        (first, q, "14") for q in ("p10", "p50", "p90")
    }
    (span,) = stack.sql("SELECT min(timestamp) AS first, max(timestamp) AS last FROM forecast")
    assert span == {"first": "2026-03-19", "last": "2026-03-25"}


def test_many_files_at_once_end_in_one_forecast_of_them_all(stack: Stack, first: str) -> None:
    items = ("lamp", "desk", "sofa", "door", "roof")
    files = {f"train/{item}.csv": daily_sales((item,)) for item in items}
    stack.delete("train/")
    execution = stack.drop(files)
    assert execution["status"] == "SUCCEEDED", execution

    stack.eventually(lambda: True if all(e["status"] != "RUNNING" for e in stack.executions()) else None)
    assert len(stack.vintages()) == 1
    rows = stack.sql("SELECT DISTINCT item_id FROM forecast")
    assert {row["item_id"] for row in rows} == set(items)
    assert {row["item_id"] for row in stack.sql("SELECT DISTINCT item_id FROM train")} == set(items)


def test_the_first_input_dropped_again_later_is_forecast_again(stack: Stack, first: str) -> None:
    stack.delete("train/")
    stack.put("train/sales.csv", daily_sales())
    run = fingerprint(stack.s3, stack.bucket)

    execution = stack.ended("-2")

    assert execution["status"] == "SUCCEEDED"
    assert json.loads(execution["input"])["run"] == run
    assert len(stack.vintages()) == 1
