"""The step's own logic on an emulated bucket; the machine around it is in tests/e2e/test_drift.py."""

import io
import json
from typing import Any

import boto3
import numpy as np
import pyarrow.parquet as pq
import pytest

from stepcast.pipeline import layout, objects, vintages
from stepcast.pipeline.importing.target import plan
from stepcast.pipeline.monitoring import summary
from stepcast.pipeline.monitoring.summary import Summary
from stepcast.pipeline.run import Run
from stepcast.pipeline.steps.create_dataset import create_dataset
from stepcast.pipeline.steps.fit_shared import fit_shared
from stepcast.pipeline.steps.import_data import import_data
from stepcast.pipeline.steps.monitor_drift import monitor_drift
from tests.pipeline.given import params_bytes
from tests.pipeline.steps.conftest import BUCKET, Account
from tests.pipeline.steps.whole_run import run_on

ITEMS = tuple(f"item {number:02}" for number in range(12))
ON_DRIFT = {"Monitor": {"Retrain": "on_drift"}}
FIRST, SECOND = "2026-06-01T00-00-00Z", "2026-07-01T00-00-00Z"


def sales(days: int, items: tuple[str, ...] = ITEMS, shifted: str = "", since: int = 140) -> str:
    """Weekly sales with noise; ``shifted`` sells twice as much from day ``since`` on."""
    draw = np.random.default_rng(11)
    rows = []
    for item in ITEMS:
        noise = draw.normal(size=300)
        for day in range(days):
            value = (20 + 5 * (day % 7) + noise[day]) * (2 if item == shifted and day >= since else 1)
            if item in items:
                rows.append(f"{item},{np.datetime64('2026-01-01') + day},{value:.3f}\n")
    return "".join(rows)


def monitored(account: Account, vintage: str, data: str, **changes: Any) -> Run:
    """A run as FitShared finds it."""
    horizon = {"Predictor__ForecastHorizon": 35, "Predictor__EvaluationParameters": {}}
    account.put("params.json", params_bytes(**horizon, **changes))
    account.put("train/a.csv", data)
    run = import_data(create_dataset(account.run(vintage), s3=account.s3), s3=account.s3)
    cloudwatch = boto3.client("cloudwatch")
    try:
        return monitor_drift(run, s3=account.s3, cloudwatch=cloudwatch, arn="arn:aws:forecast:x:1:")
    finally:
        cloudwatch.close()


def published(account: Account, data: str, **changes: Any) -> Run:
    """A first run, to its end."""
    run = run_on(account, monitored(account, FIRST, data, **changes))
    manifest = vintages.read(account.s3, BUCKET, run.vintage)
    assert manifest is not None
    vintages.mark_published(account.s3, BUCKET, manifest)
    return run


def found(account: Account, run: Run) -> Summary:
    answer = summary.read(account.s3, BUCKET, run.vintage)
    assert answer is not None
    return answer


def rows(account: Account, run: Run, table: str) -> list[dict[str, Any]]:
    keys = account.keys(layout.monitor(run.vintage, table))
    bodies = [objects.read(account.s3, BUCKET, key) for key in keys]
    return [row for body in bodies for row in pq.read_table(io.BytesIO(body)).to_pylist()]


def test_nothing_to_compare_and_too_few_are_said_and_leave_tables(account: Account) -> None:
    first = published(account, sales(140))
    assert found(account, first).state == "nothing_to_compare"
    assert rows(account, first, "drift") == rows(account, first, "monitor") == []

    second = monitored(account, SECOND, sales(150))

    few = found(account, second)
    assert few.state == "too_few"
    assert "10 periods have passed since the oldest forecast; 30 are needed" in few.paragraph()
    assert {row["lead"] for row in rows(account, second, "monitor")} == set(range(11))


def test_the_item_that_shifted_is_found_in_whatever_shard_it_lies(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "SERIES", 5)
    published(account, sales(140))
    monkeypatch.setattr(plan, "SERIES", 4)  # other shards than those of the forecast

    run = monitored(account, SECOND, sales(175, shifted="item 07"))

    assert {row["item_id"] for row in rows(account, run, "drift")} == {"item 07"}
    assert found(account, run).drifted == 1
    whole = [row for row in rows(account, run, "monitor") if row["lead"] == 0]
    assert [row["item_id"] for row in whole] == list(ITEMS)
    assert {row["outcomes"] for row in whole} == {35}
    shifted = next(row for row in whole if row["item_id"] == "item 07")
    assert shifted["bias"] == pytest.approx(-0.5, abs=0.05)
    assert shifted["coverage"] < 0.1


def test_items_that_are_new_or_gone_are_notices_and_no_drift(account: Account) -> None:
    published(account, sales(140, items=ITEMS[:-1]))

    run = monitored(account, SECOND, sales(175, items=ITEMS[1:]))

    told = {(row["severity"], row["test"], row["item_id"]) for row in rows(account, run, "drift")}
    assert told == {("notice", "vanished_item", "item 00"), ("notice", "new_item", "item 11")}
    assert not found(account, run).drift


def test_repeating_the_step_writes_the_same(account: Account) -> None:
    published(account, sales(140))
    run = monitored(account, SECOND, sales(175))
    before = {key: account.s3.get_object(Bucket=BUCKET, Key=key)["ETag"] for key in account.keys("monitor/")}

    monitored(account, SECOND, sales(175))

    assert {key: account.s3.get_object(Bucket=BUCKET, Key=key)["ETag"] for key in before} == before
    document = json.loads(account.text("resources/monitor/SalesPredictor.json"))
    assert len(document["Evaluations"]) == 1
    assert run.vintage == SECOND


def reference(account: Account, run: Run) -> str | None:
    name = run.name_of("SalesPredictor")
    answer: str | None = json.loads(account.text(f"resources/predictor/{name}.json")).get(
        "ReferencePredictor"
    )
    return answer


@pytest.mark.parametrize(
    ("shifted", "changes", "reused"),
    [
        ("", ON_DRIFT, True),
        ("item 03", ON_DRIFT, False),
        ("", {}, False),
        ("", {**ON_DRIFT, "Forecast__ForecastTypes": ["0.1", "0.9"]}, False),
    ],
    ids=["no drift", "drift", "never", "other params"],
)
def test_a_run_learns_again_only_where_it_has_to(
    account: Account, shifted: str, changes: dict[str, Any], reused: bool
) -> None:
    first = published(account, sales(140), **ON_DRIFT)
    learned = objects.read(account.s3, BUCKET, layout.shared(first.work))

    run = fit_shared(monitored(account, SECOND, sales(175, shifted=shifted), **changes), s3=account.s3)

    same = objects.read(account.s3, BUCKET, layout.shared(run.work)) == learned
    assert same == reused
    assert reference(account, run) == (first.name_of("SalesPredictor") if reused else None)


def test_where_monitoring_failed_a_run_learns_again(account: Account) -> None:
    published(account, sales(140), **ON_DRIFT)
    run = monitored(account, SECOND, sales(175), **ON_DRIFT)
    account.s3.delete_object(Bucket=BUCKET, Key=layout.monitor_summary(SECOND))

    assert reference(account, fit_shared(run, s3=account.s3)) is None
