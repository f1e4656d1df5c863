"""A stack that runs, and a real MLflow server: what is published is tracked by itself."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import boto3
import pandas as pd
import pytest

from tests.cli import small_input
from tests.cli.processes import Serving, serving
from tests.connect.mlflow.conftest import Store, environment, stepcast
from tests.services import mlflow as service
from tests.services import running

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own

T = TypeVar("T")
PATIENCE = 300  # seconds until a run counts as lost; a watchdog, not a measure


@pytest.fixture(scope="module")
def server(mlflow: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("server")
    with running(service.SERVICE, folder) as started:
        yield Store(mlflow, started.url, folder)


@pytest.fixture(scope="module")
def up(server: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A stack that was started with MLFLOW_TRACKING_URI."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(MLFLOW_TRACKING_URI=server.uri, XDG_STATE_HOME=str(home)).items():
            patch.setenv(name, value)
        with serving(home) as started:
            yield started


def s3(up: Serving) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=up.facts["endpoint"],
        region_name=up.facts["region"],
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )


def upload(up: Serving, folder: Path) -> None:
    params, files = small_input.write(folder)
    for path in files:
        s3(up).upload_file(str(path), up.facts["bucket"], f"train/{path.name}")
    s3(up).upload_file(str(params), up.facts["bucket"], "params.json")


def eventually(probe: Callable[[], T | None]) -> T:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := probe():
            return found
        time.sleep(0.5)  # between two looks
    raise TimeoutError


@pytest.fixture(scope="module")
def tracked(up: Serving, server: Store, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The MLflow run of the first forecast, which nobody asked for."""
    upload(up, tmp_path_factory.mktemp("input"))
    return eventually(lambda: next((one for one in server.runs() if one.info.status == "FINISHED"), None))


def test_what_a_stack_publishes_is_tracked_by_itself(tracked: Any, up: Serving, server: Store) -> None:
    bucket = up.facts["bucket"]
    board = s3(up).list_objects_v2(
        Bucket=bucket, Prefix=f"accuracy/{tracked.data.tags['stepcast.predictor']}/"
    )
    (key,) = [entry["Key"] for entry in board["Contents"] if "/leaderboard/" in entry["Key"]]
    s3(up).download_file(bucket, key, str(server.folder / "leaderboard.parquet"))
    table = pd.read_parquet(server.folder / "leaderboard.parquet").set_index("scope")

    assert tracked.data.metrics["wql"] == table.loc["all", "wql"]
    assert tracked.data.tags["stepcast.bucket"] == bucket
    charts = server.client.list_artifacts(tracked.info.run_id, "charts")
    assert [chart.path for chart in charts] == ["charts/chart.png"]


def test_inputs_are_datasets_with_the_versions_that_the_store_has(tracked: Any, up: Serving) -> None:
    """Names and versions as S3 says them itself."""
    bucket, client = up.facts["bucket"], s3(up)
    versions = {
        entry["Key"]: client.head_object(Bucket=bucket, Key=entry["Key"])["VersionId"]
        for entry in client.list_objects_v2(Bucket=bucket, Prefix="train/")["Contents"]
    }

    datasets = {one.dataset.name: one for one in tracked.inputs.dataset_inputs}

    assert {name: dict(_tags(one))["version_id"] for name, one in datasets.items()} == versions
    for name, version in versions.items():
        assert f"s3://{bucket}/{name}?versionId={version}" in datasets[name].dataset.source
    assert tracked.data.params["version_id"] == ", ".join(versions[name] for name in sorted(versions))


def _tags(one: Any) -> list[tuple[str, str]]:
    return [(tag.key, tag.value) for tag in one.tags]


def test_it_is_the_same_run_for_whoever_asks_and_can_be_registered(
    tracked: Any, up: Serving, server: Store
) -> None:
    """By the running stack, and by the bucket's name as on AWS."""
    mine = server.track("--endpoint", up.facts["endpoint"], "--register")
    keys = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_DEFAULT_REGION": "us-east-1"}
    theirs = stepcast(
        *("track", "mlflow", "--uri", server.uri, "--bucket", up.facts["bucket"], "--register"),
        AWS_ENDPOINT_URL=up.facts["endpoint"],
        **keys,
    )

    assert (mine["run_id"], mine["is_new"], mine["model"]["is_champion"]) == (
        tracked.info.run_id,
        False,
        True,
    )
    assert f"is run {tracked.info.run_id} of experiment LampSales" in theirs.stdout, theirs.stderr
    assert "LampPredictor is registered as version 1, as before" in theirs.stdout
    predicted = server.predict("models:/LampPredictor@champion", pd.DataFrame({"item_id": ["desk lamp"]}))
    assert len(predicted) == small_input.HORIZON


@pytest.mark.long
def test_a_later_forecast_is_tracked_too_and_the_earlier_one_has_no_predictor_left(
    tracked: Any, up: Serving, server: Store
) -> None:
    more = small_input.rows("wall lamp", 2).encode()
    s3(up).put_object(Bucket=up.facts["bucket"], Key="train/wall.csv", Body=more)

    def later() -> Any:
        ended = [one for one in server.runs() if one.info.status == "FINISHED"]
        return next((one for one in ended if one.info.run_id != tracked.info.run_id), None)

    vintage = eventually(later).data.tags["stepcast.vintage"]

    assert vintage > tracked.data.tags["stepcast.vintage"]
    again = ("--run", tracked.data.tags["stepcast.run"], "--endpoint", up.facts["endpoint"])
    assert server.track(*again)["run_id"] == tracked.info.run_id
    done = stepcast(
        *("track", "mlflow", "--uri", server.uri, *again, "--experiment", "other", "--register"),
    )
    assert done.returncode == 1
    assert "cannot be registered: it was deleted when a newer forecast was published" in done.stderr
