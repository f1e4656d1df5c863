"""A run whose shards are a job of EMR Serverless: template, local runtime and Spark are real."""

import io
import json
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localaws.iam.guard import Decided
from stepcast.pipeline import failures, layout
from stepcast.pipeline.file_bucket import FileBucket
from stepcast.pipeline.run import Run
from tests.connect.spark.sessions import SETTINGS
from tests.e2e.conftest import Stack, daily_sales, deploy
from tests.pipeline.given import params_bytes
from tests.services import spark as service

JOB = Path(__file__).parents[3] / "src/stepcast/connect/spark/emr_job.py"
NPTS = {"Predictor__PerformAutoML": ..., "Predictor__AlgorithmArn": "arn:aws:forecast:::algorithm/NPTS"}
INPUT = {"params.json": params_bytes(**NPTS), "train/sales.csv": daily_sales()}
ON_EMR = "ForecastOnEmrServerless"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    if not (packages := service.packages()):
        pytest.skip("Spark is not here, or Java is not: scripts/services bring spark")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_HOME", str(Path(packages) / "pyspark"))
        patch.setenv("SPARK_CONF_DIR", str(defaults(tmp_path_factory.mktemp("conf"))))
        aws, stack = deploy(Engine="emr-serverless")
        try:
            stack.put("spark/job.py", JOB.read_bytes())
            stack.put("spark/environment.tar.gz", environment())
            yield stack
        finally:
            aws.stop()


def defaults(folder: Path) -> Path:
    """A folder with what a small job on this machine is quicker by."""
    settings = (*SETTINGS.items(), ("spark.log.level", "ERROR"))
    text = "".join(f"{name} {value}\n" for name, value in settings if not name.startswith("spark.executor"))
    (folder / "spark-defaults.conf").write_text(text)
    return folder


def environment() -> bytes:
    """An archive whose interpreter is the one of the tests, with its packages."""
    body, script = io.BytesIO(), f'#!/bin/sh\nexec {sys.executable} "$@"\n'.encode()
    with tarfile.open(fileobj=body, mode="w:gz") as archive:
        entry = tarfile.TarInfo("bin/python")
        entry.size, entry.mode = len(script), 0o755
        archive.addfile(entry, io.BytesIO(script))
    return body.getvalue()


@pytest.fixture(scope="module")
def forecast(stack: Stack) -> tuple[dict[str, Any], list[Decided]]:
    """A run, and what it asked for."""
    with stack.aws.recorded_access() as decided:
        ended = stack.drop(INPUT)
    return ended, list(decided)


def states_of(stack: Stack, execution: dict[str, Any]) -> list[str]:
    history = stack.client("stepfunctions").get_execution_history(executionArn=execution["executionArn"])
    entered = (event.get("stateEnteredEventDetails") for event in history["events"])
    return [details["name"] for details in entered if details]


def test_shards_are_forecast_by_a_job_and_published_as_ever(
    stack: Stack, forecast: tuple[dict[str, Any], list[Decided]]
) -> None:
    ended, _ = forecast

    assert ended["status"] == "SUCCEEDED", ended
    states = states_of(stack, ended)
    assert ON_EMR in states
    assert not {"TrainPredictor", "Forecast", "ForecastOnSpark"} & set(states)
    rows = stack.sql("SELECT item_id, type, count(*) AS n FROM forecast GROUP BY 1, 2")
    assert {(row["item_id"], row["type"]) for row in rows} == {
        (item, kind) for item in ("lamp", "desk") for kind in ("p10", "p50", "p90")
    }
    assert {row["n"] for row in rows} == {"7"}
    (run,) = runs_of(stack)
    assert (run["state"], run["releaseLabel"]) == ("SUCCESS", "emr-spark-8.0.0")
    assert run["name"] == f"stepcast-{json.loads(ended['input'])['vintage']}"


def runs_of(stack: Stack) -> list[dict[str, Any]]:
    client = stack.client("emr-serverless")
    (application,) = client.list_applications()["applications"]
    return list(client.list_job_runs(applicationId=application["id"])["jobRuns"])


def test_the_job_may_do_what_it_does_and_is_granted_no_more(
    stack: Stack, forecast: tuple[dict[str, Any], list[Decided]]
) -> None:
    ended, decided = forecast
    role = stack.resources["SparkJobRole"]
    (policy,) = stack.client("iam").list_role_policies(RoleName=role)["PolicyNames"]
    document = stack.client("iam").get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    mine = [one for one in decided if one.principal.role_arn.endswith(f"/{role}")]
    bucket = f"arn:aws:s3:::{stack.bucket}"

    assert ended["status"] == "SUCCEEDED"
    assert [one.access for one in decided if not one.decision.allowed] == []
    used = {(one.access.action, one.access.resource.removeprefix(bucket).split("/")[1:2][0])
            if "/" in one.access.resource.removeprefix(bucket) else (one.access.action, "")
            for one in mine}  # fmt: skip
    assert used == {
        ("s3:ListBucket", ""),
        ("s3:GetObject", "spark"),
        ("s3:GetObject", "runs"),
        ("s3:PutObject", "runs"),
        ("s3:GetObject", "resources"),
        ("s3:PutObject", "resources"),
    }
    assert len(document["Statement"]) == 4


def test_a_job_that_cannot_begin_fails_the_run_with_its_words_and_the_remedy(
    stack: Stack, forecast: tuple[dict[str, Any], list[Decided]]
) -> None:
    kept = stack.s3.get_object(Bucket=stack.bucket, Key="spark/environment.tar.gz")["Body"].read()
    stack.delete("spark/environment.tar.gz")
    try:
        ended = stack.drop({"train/sales.csv": daily_sales(days=71)})
    finally:
        stack.put("spark/environment.tar.gz", kept)

    assert (ended["status"], ended["error"]) == ("FAILED", "States.TaskFailed")
    assert "of EMR Serverless ended as FAILED: NoSuchKey" in ended["cause"]
    assert "spark/environment.tar.gz in the bucket are those of the deployed version" in ended["cause"]
    assert stack.vintages() == {json.loads(forecast[0]["input"])["vintage"]}
    assert "NoSuchKey" in stack.text(layout.failure_report(json.loads(ended["input"])["run"]))


RUN = Run(bucket="b", run="r", vintage="2026-01-02T03-04-05Z-1f8a90c2")


def test_what_a_job_fails_with_is_noted_for_the_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not (packages := service.packages()):
        pytest.skip("Spark is not here, or Java is not: scripts/services bring spark")
    monkeypatch.syspath_prepend(packages)
    from stepcast.connect.spark.emr_job import perform
    from stepcast.connect.spark.shard_steps import StepFailed

    bucket, other = FileBucket({}, tmp_path), FileBucket({}, tmp_path / "other")
    (tmp_path / "other").mkdir()

    def loses(run: Run) -> None:
        raise RuntimeError("the executors are gone")

    def fails(run: Run) -> None:
        failures.note(bucket, run, "TrainPredictor", "InternalError", "what happened", 3)
        raise StepFailed("InternalError", "what happened")

    assert perform(RUN, bucket, lambda _: None) == 0
    assert failures.notes(bucket, RUN) == []
    assert perform(RUN, bucket, fails) == 1
    assert failures.notes(bucket, RUN) == [{"Error": "InternalError", "Cause": "what happened"}]
    with pytest.raises(RuntimeError):
        perform(RUN, other, loses)
    (note,) = failures.notes(other, RUN)
    assert note == {"Error": "SparkFailed", "Cause": "RuntimeError: the executors are gone"}
