"""The whole pipeline with its bucket in a real store: told by its webhook, or looking for itself."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from stepcast.pipeline import layout, vintages
from tests.cli.processes import command
from tests.connect.s3.conftest import BUCKET, OnStore, store, up
from tests.e2e.conftest import ROOT, daily_sales
from tests.e2e.test_main_job import KEY_QUERY
from tests.pipeline.given import params_bytes
from tests.services import Service

SALES = "train/sales.csv"


def put(stack: OnStore, key: str, body: bytes) -> str:
    """Upload to the store itself; the version that it gave."""
    return str(stack.at_store.put_object(Bucket=BUCKET, Key=key, Body=body)["VersionId"])


def succeeded(stack: OnStore) -> None:
    """The run for the present input ends, and well."""
    ended = stack.ended()
    assert ended["status"] == "SUCCEEDED", ended


@pytest.fixture(scope="module")
def demo(with_webhook: OnStore) -> OnStore:
    stack = with_webhook
    for path in (ROOT / "testing-data" / "train").glob("*.csv"):
        put(stack, f"train/{path.name}", path.read_bytes())
    put(stack, "params.json", (ROOT / "params.json").read_bytes())
    succeeded(stack)
    return stack


def test_the_demo_runs_whole_and_the_key_query_is_answered(demo: OnStore) -> None:
    rows = demo.sql(KEY_QUERY)

    lines = sum(
        len(path.read_text().splitlines()) for path in (ROOT / "testing-data" / "train").glob("*.csv")
    )
    kinds = [row["type"] for row in rows]
    assert kinds.count("history") == lines
    assert kinds.count("p10") == kinds.count("p50") == kinds.count("p90") > 0
    assert {row["item_id"] for row in rows if row["type"] == "p50"} == {
        row["item_id"] for row in rows if row["type"] == "history"
    }


def test_everything_lies_in_the_store_and_results_of_queries_too(demo: OnStore) -> None:
    pages = demo.at_store.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
    folders = {row["Key"].split("/")[0] for page in pages for row in page["Contents"]}

    assert folders >= {"params.json", "train", "forecast", "datasets", "accuracy", "lineage", "resources"}
    assert "athena-results" in folders
    assert "runs" not in folders


def test_a_file_replaced_in_the_store_during_a_run_changes_nothing_and_gets_a_run_of_its_own(
    demo: OnStore, tmp_path: Path
) -> None:
    stack = demo
    for row in stack.at_store.list_objects_v2(Bucket=BUCKET, Prefix="train/")["Contents"]:
        stack.at_store.delete_object(Bucket=BUCKET, Key=row["Key"])
    put(stack, "params.json", params_bytes())
    first = put(stack, SALES, daily_sales(days=70))

    def at_work() -> str | None:
        return next((key for key in stack.keys("runs/") if key.endswith("/inputs.json")), None)

    run = stack.eventually(at_work).split("/")[1]
    second = put(stack, SALES, daily_sales(days=77))
    arn = stack.outputs["StateMachineArn"].replace(":stateMachine:", ":execution:") + f":{run}"
    assert stack.eventually(lambda: stack._ended(arn))["status"] == "SUCCEEDED"
    succeeded(stack)

    found = [
        vintages.read(stack.s3, BUCKET, vintage, root)
        for root in (layout.HISTORY, layout.FORECAST)
        for vintage in sorted(stack.vintages(root))[-1:]
    ]
    older, newer = found
    assert older is not None
    assert newer is not None
    assert older.run == run
    rows = stack.sql(f"SELECT predictor, version_id FROM lineage WHERE file = '{SALES}'")
    known = {row["predictor"]: row["version_id"] for row in rows}
    assert (known[older.predictor], known[newer.predictor]) == (first, second)

    (raw,) = (key for key in stack.keys(layout.raw(layout.HISTORY, older.vintage)))
    line = command(
        *("run", "--as-of", older.predictor, "--out", tmp_path / "again", "--endpoint", stack.aws.endpoint)
    )
    answer = subprocess.run(line, capture_output=True, text=True, timeout=600)
    assert answer.returncode == 0, answer.stderr
    (again,) = (tmp_path / "again" / "raw").iterdir()
    assert again.read_bytes() == stack.text(raw).encode()


@pytest.fixture
def looking(service: Service, tmp_path: Path) -> Iterator[OnStore]:
    """One without a webhook, over a store that keeps its bucket from before."""
    with (
        store(service, tmp_path / "store") as server,
        up(server.url, tmp_path / "home", "--poll-seconds", "1") as stack,
    ):
        yield stack


def test_without_a_webhook_new_files_are_found_by_looking(looking: OnStore) -> None:
    stack = looking
    put(stack, "params.json", params_bytes())
    put(stack, SALES, daily_sales())
    succeeded(stack)

    stack.put(SALES, daily_sales(days=77))  # by way of the endpoint: its event is sent at once
    succeeded(stack)
    stack.eventually(lambda: all(each["status"] != "RUNNING" for each in stack.executions()) or None)
    inputs = [json.loads(stack._ended(each["executionArn"])["input"])["run"] for each in stack.executions()]
    assert len(inputs) == len(set(inputs)), "one input was forecast twice"
