"""A client without Java, of a server whose two executors are processes: the same forecasts."""

import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.connect.spark.panels import PANELS, in_process, sorted_rows
from tests.connect.spark.sessions import PATIENCE, environment
from tests.services import running
from tests.services import spark as service

pytestmark = pytest.mark.filterwarnings("ignore::stepcast.DataWarning")


@pytest.mark.long
def test_a_thin_client_of_a_cluster_forecasts_tunes_and_saves(tmp_path: Path) -> None:
    if not service.packages():
        pytest.skip("Spark is not here, or Java is not: scripts/services bring spark")
    with running(service.SERVICE, tmp_path / "server") as server:
        command = ["-m", "tests.connect.spark.thin_client", f"sc://{server.start.address}", str(tmp_path)]
        done = subprocess.run(
            [sys.executable, *command],
            env={**os.environ, **environment()},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert done.returncode == 0, done.stderr[-4000:]

    (cluster,) = (server.folder / "home/work").iterdir()
    for executor in ("0", "1"):
        assert "Finished task" in (cluster / executor / "stderr").read_text()
    for name, make in PANELS.items():
        made = pq.read_table(tmp_path / f"{name}.parquet")
        assert sorted_rows(made) == sorted_rows(in_process(make()).predict())
