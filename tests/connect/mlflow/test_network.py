"""A run whose predictor is a network: its training is logged, and the model gives the exported numbers."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.cli import small_input
from tests.connect.mlflow.conftest import Store, stepcast
from tests.connect.mlflow.test_registry import EVERY, exported, ordered

pytestmark = [
    pytest.mark.long,
    pytest.mark.filterwarnings("ignore"),  # MLflow's own
    pytest.mark.skipif(find_spec("jax") is None, reason="JAX is not here: pip install 'stepcast[neural]'"),
]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("network")
    _, files = small_input.write(folder)
    params = small_input.params(
        PredictorName="LampNetwork",
        AlgorithmArn="arn:aws:forecast:::algorithm/CNN-QR",
        TrainingParameters={"epochs": "3", "context_length": "14"},
    )
    (folder / "params.json").write_text(json.dumps(params))
    out = folder / "out"
    done = stepcast("run", "--params", folder / "params.json", "--train", *files, "--out", out)
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="module")
def tracked(database: Store, results: Path) -> Any:
    return database.track("--out", results, "--experiment", "networks", "--register")


def test_its_parameters_and_the_loss_of_each_epoch_are_logged(
    database: Store, tracked: Any, results: Path
) -> None:
    run = database.client.get_run(tracked["run_id"])
    (path,) = results.glob("run/predictors/*/training.json")
    epochs = [epoch for epoch in json.loads(path.read_text()) if epoch["phase"] == "learning"]

    assert run.data.params["algorithm"] == "CNN-QR"
    assert run.data.params["Predictor.TrainingParameters.epochs"] == "3"
    for name, field in (("loss", "loss"), ("held_back_loss", "held")):
        curve = database.client.get_metric_history(tracked["run_id"], f"training/learning/{name}")
        assert [(one.step, one.value) for one in curve] == [(n, epochs[n - 1][field]) for n in (1, 2, 3)]
    assert "training/forecast/loss" in run.data.metrics


def test_the_model_predicts_the_numbers_of_the_export(database: Store, tracked: Any, results: Path) -> None:
    assert tracked["model"]["name"] == "LampNetwork"

    predicted = database.predict("models:/LampNetwork@champion", EVERY)

    pd.testing.assert_frame_equal(ordered(predicted), exported(results), check_exact=True, check_dtype=False)
