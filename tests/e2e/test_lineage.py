"""Each forecast names the versions of the files that it is made of, and can be made again from them."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from stepcast.pipeline import layout, vintages
from tests.cli.processes import command
from tests.e2e.conftest import Stack, daily_sales
from tests.pipeline.given import params_bytes

SALES = "train/sales.csv"


@dataclass
class Replaced:
    """A file that was replaced while its run was at work: its versions, both vintages, the first forecast."""

    stack: Stack
    versions: tuple[str, str]
    first: vintages.Manifest
    second: vintages.Manifest
    raw: bytes  # of the first, as it was while it was the newest


def cli(stack: Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
    line = command(*arguments, "--endpoint", stack.aws.endpoint)
    return subprocess.run(line, capture_output=True, text=True, timeout=600)


def put(stack: Stack, body: bytes) -> str:
    return str(stack.s3.put_object(Bucket=stack.bucket, Key=SALES, Body=body)["VersionId"])


def ended(stack: Stack, name: str) -> dict[str, Any]:
    arn = stack.outputs["StateMachineArn"].replace(":stateMachine:", ":execution:") + f":{name}"
    return stack.eventually(lambda: stack._ended(arn))


def inputs(stack: Stack, kind: str, name: str) -> dict[str, str]:
    """Version by key, as a resource's document names them."""
    document = json.loads(stack.text(f"resources/{kind}/{name}.json"))
    return {file["Key"]: file["VersionId"] for file in document["Inputs"]}


@contextmanager
def unnoticed(stack: Stack) -> Iterator[None]:
    """What is put meanwhile starts nothing."""
    noticed = stack.s3.get_bucket_notification_configuration(Bucket=stack.bucket)
    del noticed["ResponseMetadata"]
    stack.s3.put_bucket_notification_configuration(Bucket=stack.bucket, NotificationConfiguration={})
    yield
    stack.s3.put_bucket_notification_configuration(Bucket=stack.bucket, NotificationConfiguration=noticed)


@pytest.fixture(scope="module")
def replaced(stack: Stack) -> Replaced:
    first = put(stack, daily_sales(days=70))
    stack.put("params.json", params_bytes())

    def at_work() -> str | None:
        return next((key for key in stack.keys("runs/") if key.endswith("/inputs.json")), None)

    run = stack.eventually(at_work).split("/")[1]
    with unnoticed(stack):  # a run of it could overtake the first
        second = put(stack, daily_sales(days=77))
        assert ended(stack, run)["status"] == "SUCCEEDED"
    stack.put("params.json", params_bytes())
    assert stack.ended()["status"] == "SUCCEEDED"
    (older,), (newer,) = stack.vintages(layout.HISTORY), stack.vintages()
    manifests = [
        vintages.read(stack.s3, stack.bucket, *which)
        for which in ((older, layout.HISTORY), (newer, layout.FORECAST))
    ]
    assert manifests[0] is not None
    assert manifests[1] is not None
    assert manifests[0].run == run
    (raw,) = (key for key in stack.keys(layout.raw(layout.HISTORY, older)))
    return Replaced(stack, (first, second), manifests[0], manifests[1], stack.text(raw).encode())


def test_a_run_goes_on_with_the_version_that_it_began_with_and_the_next_one_has_the_newer(
    replaced: Replaced,
) -> None:
    stack = replaced.stack
    for manifest, version in zip((replaced.first, replaced.second), replaced.versions, strict=True):
        named = inputs(stack, "predictor", manifest.predictor)
        assert named[SALES] == version
        assert set(named) == {"params.json", SALES}
        assert inputs(stack, "dataset-import-job", manifest.import_job) == named
    (ahead,) = stack.sql("SELECT min(timestamp) AS first FROM forecast")
    assert ahead["first"] == "2026-03-19"  # after the 77 days of the second


def test_the_table_lineage_names_every_file_of_every_predictor(replaced: Replaced) -> None:
    rows = replaced.stack.sql("SELECT predictor, vintage, file, version_id, size FROM lineage ORDER BY 1, 3")

    assert [(row["predictor"], row["file"]) for row in rows] == [
        (manifest.predictor, file)
        for manifest in (replaced.first, replaced.second)
        for file in ("params.json", SALES)
    ]
    assert [row["version_id"] for row in rows if row["file"] == SALES] == list(replaced.versions)
    assert [row["vintage"] for row in rows[::2]] == [replaced.first.vintage, replaced.second.vintage]
    assert rows[1]["size"] == str(len(daily_sales(days=70)))


def test_the_command_lineage_shows_the_current_predictor_or_the_one_named(replaced: Replaced) -> None:
    current = json.loads(cli(replaced.stack, "lineage", "--json").stdout)
    assert current["predictor"] == replaced.second.predictor
    assert [(file["Key"], file["VersionId"]) for file in current["inputs"]][1] == (
        SALES,
        replaced.versions[1],
    )

    named = cli(replaced.stack, "lineage", replaced.first.predictor)
    assert replaced.versions[0] in named.stdout
    assert replaced.versions[1] not in named.stdout

    unknown = cli(replaced.stack, "lineage", "Nobody")
    assert unknown.returncode == 1
    assert replaced.first.predictor in unknown.stderr


def test_a_forecast_made_again_as_of_its_predictor_is_the_same_to_the_byte(
    replaced: Replaced, tmp_path: Path
) -> None:
    out = tmp_path / "again"
    answer = cli(replaced.stack, "run", "--as-of", replaced.first.predictor, "--out", str(out))

    assert answer.returncode == 0, answer.stderr
    (raw,) = (out / "raw").iterdir()
    assert raw.read_bytes() == replaced.raw


def test_a_version_that_is_not_kept_any_more_is_said(replaced: Replaced, tmp_path: Path) -> None:
    stack = replaced.stack
    stack.s3.delete_object(Bucket=stack.bucket, Key=SALES, VersionId=replaced.versions[0])

    answer = cli(stack, "run", "--as-of", replaced.first.predictor, "--out", str(tmp_path / "again"))

    assert answer.returncode == 1
    assert f"{SALES} is not kept in version {replaced.versions[0]} any more" in answer.stderr
    assert not (tmp_path / "again").exists()


@pytest.fixture
def without_versions(stack: Stack, replaced: Replaced) -> Iterator[Stack]:
    for status in ("Suspended", "Enabled"):
        stack.s3.put_bucket_versioning(Bucket=stack.bucket, VersioningConfiguration={"Status": status})
        if status == "Suspended":
            yield stack


def test_where_the_bucket_keeps_no_versions_the_content_is_named_and_a_replaced_run_steps_aside(
    without_versions: Stack,
) -> None:
    stack = without_versions
    execution = stack.drop(
        {SALES: daily_sales(days=84), "params.json": params_bytes(Forecast__ForecastName="Flat")}
    )
    assert execution["status"] == "SUCCEEDED"
    rows = stack.sql(
        "SELECT file, version_id, etag FROM lineage WHERE vintage = (SELECT max(vintage) FROM lineage)"
    )
    assert {row["version_id"] for row in rows} == {None}
    head = stack.s3.head_object(Bucket=stack.bucket, Key=SALES)
    assert head["ETag"] == f'"{next(row["etag"] for row in rows if row["file"] == SALES)}"'

    before = {each["name"] for each in stack.executions()}
    stack.put(SALES, daily_sales(days=91))
    stack.eventually(lambda: any(key.endswith("/inputs.json") for key in stack.keys("runs/")) or None)
    stack.put(SALES, daily_sales(days=98))
    stack.ended()
    stack.eventually(lambda: all(each["status"] != "RUNNING" for each in stack.executions()) or None)
    made = {key.split("/")[1] for key in stack.keys("history/")} | stack.vintages()
    runs = {each["name"] for each in stack.executions()} - before
    assert len(runs) == 2
    assert len(made) == 4  # the first two, the one before versioning was off, and the last: none of 91 days
