"""The trials of a tuned predictor are MLflow runs within the predictor's."""

import shutil
from pathlib import Path

import pytest

from stepcast.cli.kept_run import read_run
from stepcast.connect.finished_run import find
from stepcast.connect.mlflow.tracking import connected, track
from stepcast.engine.task import Task
from stepcast.engine.tuning.study import Trial, Tuned
from stepcast.pipeline import layout
from stepcast.pipeline.csv_files import parquet_bytes
from stepcast.pipeline.tuning.table import trials_table
from tests.connect.mlflow.conftest import Store

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own

TRIALS = (
    Trial(0, {}, 0.5, "complete", 1.0, 3, ""),
    Trial(1, {"kernel_type": "uniform", "exp_kernel_weights": "0.1"}, 0.25, "complete", 2.0, 3, ""),
    Trial(2, {"kernel_type": "uniform", "exp_kernel_weights": "0.9"}, None, "pruned", 0.5, 1, ""),
    Trial(3, {"kernel_type": "uniform", "exp_kernel_weights": "-1"}, None, "failed", 0.1, 0, "not above 0"),
)


def test_each_trial_is_a_nested_run_and_is_logged_once(
    database: Store, forecast: Path, tmp_path: Path
) -> None:
    artifacts = (tmp_path / "artifacts").as_uri()  # else they would go to the folder that tests run in
    database.client.create_experiment("trials", artifact_location=artifacts)
    shutil.copytree(forecast / "run", tmp_path / "run")
    predictor = find(read_run(tmp_path), "").manifest.predictor
    table = trials_table(
        Tuned(TRIALS, {}), Task(horizon=3, algorithm="NPTS"), run="r", vintage="v", predictor=predictor
    )
    path = tmp_path / "run" / layout.tuning(predictor)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(parquet_bytes(table))

    with connected(database.uri) as client:
        run = find(read_run(tmp_path), "")
        tracked = track(client, run, "trials", [])
        client.update_run(tracked.run_id, status="RUNNING")  # as if it had been interrupted before its end
        assert track(client, run, "trials", []).is_new
        assert not track(client, run, "trials", []).is_new

    nested = [one for one in database.runs() if one.data.tags.get("mlflow.parentRunId") == tracked.run_id]
    nested.sort(key=lambda one: one.info.run_name)
    assert [one.info.run_name for one in nested] == ["trial 0", "trial 1", "trial 2", "trial 3"]
    assert [one.info.status for one in nested] == ["FINISHED", "FINISHED", "KILLED", "FAILED"]
    assert nested[1].data.params == TRIALS[1].parameters
    assert nested[1].data.metrics == {"average_wql": 0.25, "seconds": 2.0}
    assert nested[2].data.metrics == {"seconds": 0.5}
    assert nested[3].data.tags["mlflow.note.content"] == "not above 0"
