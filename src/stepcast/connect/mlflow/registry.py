"""The predictor as a registered MLflow model."""

import hashlib
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stepcast.connect.errors import ConnectorError
from stepcast.connect.finished_run import FinishedRun
from stepcast.connect.mlflow.champion import Decision, Policy, Standing, decide
from stepcast.connect.mlflow.kept_predictor import KeptPredictor
from stepcast.connect.mlflow.model_files import code_of_stepcast, pinned_requirements, signature
from stepcast.connect.mlflow.names import METRICS, optimized

__all__ = ["CHAMPION", "Registered", "register"]

CHAMPION = "champion"
DECIDED = "stepcast.champion"  # version tag: the reason for the champion decision
OUTCOMES = "stepcast.outcomes"  # version tag: what its backtest was scored on
KEPT = "predictor"  # the artifact that model.py reads
MODEL = Path(__file__).with_name("model.py")


@dataclass(frozen=True)
class Registered:
    """A version of the model ``name``; ``decision`` is None if it was already registered."""

    name: str
    version: str
    decision: Decision | None


def register(client: Any, run: FinishedRun, run_id: str, policy: Policy) -> Registered:
    """Log the predictor to its MLflow run and register it under its name in params.json, once per run.

    Raises:
        ConnectorError: the bucket no longer keeps the predictor.
    """
    name = run.predictor
    found = client.search_model_versions(f"name = '{name}' and run_id = '{run_id}'")
    version = found[0] if found else _new_version(client, run, run_id)
    if DECIDED in version.tags:
        return Registered(name, version.version, None)
    decision = decide(policy, optimized(run.manifest), _standing(client, version), _champion(client, name))
    if decision.moves:
        client.set_registered_model_alias(name, CHAMPION, version.version)
    client.set_model_version_tag(name, version.version, DECIDED, decision.why)
    return Registered(name, version.version, decision)


def _new_version(client: Any, run: FinishedRun, run_id: str) -> Any:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / KEPT
        folder.mkdir()
        if not run.fetch_predictor(folder):
            raise ConnectorError(
                f"predictor {run.manifest.predictor} cannot be registered: it was deleted when a newer "
                "forecast was published or, with PerformDelete, when the run ended"
            )
        kept = KeptPredictor(folder)
        outcomes = _outcomes(kept, run)
        source = _log_model(run_id, kept, folder)
    tags = {OUTCOMES: outcomes, "stepcast.vintage": run.manifest.vintage, "stepcast.run": run.manifest.run}
    _make(client, run.predictor)
    return client.create_model_version(
        run.predictor, source.model_uri, run_id, tags, model_id=source.model_id
    )


def _log_model(run_id: str, kept: KeptPredictor, folder: Path) -> Any:
    import mlflow

    with mlflow.start_run(run_id=run_id), code_of_stepcast() as code, warnings.catch_warnings():
        # Logging an example would run a forecast, to check a signature that is already known.
        warnings.filterwarnings("ignore", message=".*[Aa]n input example was not provided")
        return mlflow.pyfunc.log_model(
            name=KEPT,
            python_model=str(MODEL),
            artifacts={KEPT: str(folder)},
            signature=signature(kept),
            pip_requirements=pinned_requirements(kept),
            code_paths=code,
        )


def _make(client: Any, name: str) -> None:
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name, description="A Stepcast predictor")
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def _champion(client: Any, name: str) -> Standing | None:
    version = client.get_registered_model(name).aliases.get(CHAMPION)
    return _standing(client, client.get_model_version(name, version)) if version else None


def _standing(client: Any, version: Any) -> Standing:
    """The backtest results of a version, from the metrics of its MLflow run."""
    measured = client.get_run(version.run_id).data.metrics if version.run_id else {}
    naive = {name: measured.get(f"seasonal_naive/{name}") for name in METRICS.values()}
    return Standing(
        version=str(version.version),
        outcomes=version.tags.get(OUTCOMES, ""),
        scores={name: measured[name] for name in METRICS.values() if name in measured},
        naive={name: value for name, value in naive.items() if value is not None},
    )


def _outcomes(kept: KeptPredictor, run: FinishedRun) -> str:
    """A hash of what the backtest was scored on: series, windows, outputs."""
    digest = hashlib.sha256()
    windows = [(one.window, one.start, one.end) for one in run.manifest.evaluations]
    digest.update(repr((kept.task.outputs, sorted(set(windows), key=str))).encode())
    for shard, _ in kept.parts:
        for key, values, observed in zip(shard.keys, shard.panel.values, shard.panel.observed, strict=True):
            digest.update(repr(key).encode())
            digest.update(values.tobytes() + observed.tobytes())
    return digest.hexdigest()[:32]
