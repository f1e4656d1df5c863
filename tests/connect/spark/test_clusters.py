"""Two executors that are processes of their own, and a client that has no Java: the same forecasts."""

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.connect.spark.panels import PANELS, in_process, sorted_rows
from tests.connect.spark.sessions import PATIENCE, environment
from tests.services import running
from tests.services import spark as service

pytestmark = pytest.mark.filterwarnings("ignore::stepcast.DataWarning")


def run(master: str, folder: Path, names: Iterable[str], **more: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.connect.spark.clients", master, str(folder), *names],
        env={**os.environ, **environment(), **more},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]


def same_as_in_process(folder: Path, names: Iterable[str]) -> None:
    for name in names:
        made = pq.read_table(folder / f"{name}.parquet")
        assert sorted_rows(made) == sorted_rows(in_process(PANELS[name]()).predict())


def test_two_executors_forecast_what_one_process_does(tmp_path: Path) -> None:
    if not service.packages():
        pytest.skip("Spark is not here, or Java is not: scripts/services bring spark")
    home = tmp_path / "home"  # of links: a cluster writes below SPARK_HOME
    home.mkdir()
    for path in (Path(service.packages()) / "pyspark").iterdir():
        (home / path.name).symlink_to(path)

    run("local-cluster[2,1,512]", tmp_path, PANELS, SPARK_HOME=str(home))

    same_as_in_process(tmp_path, PANELS)


def test_a_thin_client_of_a_connect_server_forecasts_tunes_and_saves(tmp_path: Path) -> None:
    if not service.packages():
        pytest.skip("Spark is not here, or Java is not: scripts/services bring spark")
    with running(service.SERVICE, tmp_path / "server") as server:
        run(f"sc://{server.start.address}", tmp_path, ["promoted"])

    same_as_in_process(tmp_path, ["promoted"])
