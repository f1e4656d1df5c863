"""MLflow, which lies beside the packages of the project, and two runs to track."""

import json
import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from stepcast.connect.mlflow.settings import SETTINGS
from tests.cli import small_input
from tests.cli.processes import PATIENCE, command
from tests.made_once import made_once
from tests.services import mlflow as service


def environment(**more: str) -> dict[str, str]:
    """For a process that imports MLflow; which server it knows of is up to ``more``."""
    paths = filter(None, [os.environ.get("PYTHONPATH"), service.packages()])
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    return {**inherited, "PYTHONPATH": os.pathsep.join(paths), "COLUMNS": "200", **more}


def stepcast(
    *arguments: str | Path, folder: Path | None = None, **more: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command(*arguments),
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
        cwd=folder,
        env=environment(**more),
        check=False,
    )


@pytest.fixture(scope="session")
def mlflow() -> Iterator[Any]:
    """The package; skips where it is neither installed nor brought."""
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        for name, value in SETTINGS.items():
            patch.setenv(name, value)
        warnings.simplefilter("ignore")
        if path := service.packages():
            patch.setattr(sys, "path", [*sys.path, path])
        yield pytest.importorskip("mlflow", reason="MLflow is not here: scripts/services bring mlflow")


@dataclass(frozen=True)
class Store:
    """A database of MLflow's, and what the command line says of it; artifacts lie in ``folder``."""

    mlflow: Any
    uri: str
    folder: Path

    @property
    def client(self) -> Any:
        return self.mlflow.MlflowClient(self.uri)

    def track(self, *arguments: str | Path) -> Any:
        """``stepcast track mlflow --json``; what it printed."""
        done = stepcast("track", "mlflow", "--uri", self.uri, "--json", *arguments, folder=self.folder)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def runs(self) -> list[Any]:
        experiments = [one.experiment_id for one in self.client.search_experiments()]
        return list(self.client.search_runs(experiments))

    @contextmanager
    def chosen(self) -> Iterator[Any]:
        """The package with this store as its own; it sets MLFLOW_TRACKING_URI, which is for all tests."""
        self.mlflow.set_tracking_uri(self.uri)
        try:
            yield self.mlflow
        finally:
            self.mlflow.set_tracking_uri(None)

    def predict(self, model: str, table: Any, **params: Any) -> Any:
        """Of the model by its URI, as any user of MLflow would."""
        with self.chosen() as mlflow:
            return mlflow.pyfunc.load_model(model).predict(table, params=params or None)


@pytest.fixture(scope="session")
def database(mlflow: Any, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Of the session: making one takes as long as tracking ten runs. Experiments keep tests apart."""

    def make(folder: Path) -> None:
        _ = mlflow.MlflowClient(f"sqlite:///{folder}/mlflow.db").search_experiments()

    folder = tmp_path_factory.mktemp("mlflow")
    shutil.copy(made_once(tmp_path_factory, "empty-mlflow", make) / "mlflow.db", folder)
    return Store(mlflow, f"sqlite:///{folder}/mlflow.db", folder)


@pytest.fixture(scope="session")
def forecast(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of ``stepcast run``: three items, two backtest windows, by NPTS."""
    return made_once(tmp_path_factory, "npts", lambda folder: run(folder, {})) / "out"


@pytest.fixture(scope="session")
def worse_forecast(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same without a season, which is worse; MLflow is said to be where nothing answers."""

    def make(folder: Path) -> None:
        run(folder, {"use_seasonal_model": "False"}, MLFLOW_TRACKING_URI="http://me:pw@127.0.0.1:9")

    return made_once(tmp_path_factory, "worse", make) / "out"


def run(folder: Path, parameters: dict[str, str], **more: str) -> None:
    _, files = small_input.write(folder)
    params = small_input.params(
        EvaluationParameters={"NumberOfBacktestWindows": 2}, TrainingParameters=parameters
    )
    (folder / "params.json").write_text(json.dumps(params))
    out = folder / "out"
    done = stepcast("run", "--params", folder / "params.json", "--train", *files, "--out", out, **more)
    assert done.returncode == 0, done.stderr
    (folder / "stderr").write_text(done.stderr)
