"""Log a finished run to MLflow, once, however often it is requested."""

import logging
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stepcast.connect.errors import ConnectorError
from stepcast.connect.finished_run import FinishedRun
from stepcast.connect.mlflow.datasets import dataset_inputs
from stepcast.connect.mlflow.names import file_params, flat, metrics
from stepcast.connect.mlflow.settings import SETTINGS
from stepcast.connect.mlflow.trials import log_trials
from stepcast.pipeline import layout
from stepcast.pipeline.csv_files import parquet_bytes

__all__ = ["Tracked", "connected", "shown", "track"]

RUN, VINTAGE = "stepcast.run", "stepcast.vintage"  # tags that identify a run
BEGUN = "stepcast.tracked"  # tag: when tracking began
COMMIT = re.compile(r"^[0-9a-f]{40}")
AT_ONCE = 100  # params per request; MLflow's limit
METRICS_AT_ONCE = 1000
LEADERBOARD = "leaderboard.json"


@dataclass(frozen=True)
class Tracked:
    """A run in MLflow; ``is_new`` is False if it had been logged before."""

    run_id: str
    experiment: str
    is_new: bool


@contextmanager
def connected(uri: str) -> Iterator[Any]:
    """A client of the tracking server; MLflow's errors become ConnectorError."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    try:
        import mlflow
        from mlflow.exceptions import MlflowException
    except ModuleNotFoundError as error:
        if error.name != "mlflow":
            raise
        raise ConnectorError('MLflow is not installed: pip install "stepcast[mlflow]"') from None
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it logs every migration of a new database
    logging.getLogger("mlflow").setLevel(logging.ERROR)

    try:
        mlflow.set_tracking_uri(uri)
        yield mlflow.MlflowClient(uri)
    except MlflowException as error:
        told = str(error).replace(uri, shown(uri)).strip()
        raise ConnectorError(f"MLflow at {shown(uri)}: {told}") from None


def shown(uri: str) -> str:
    """``uri`` without credentials.

    >>> shown("https://me:secret@host:5000"), shown("sqlite:///mlflow.db")
    ('https://***@host:5000', 'sqlite:///mlflow.db')
    """
    return re.sub(r"(?<=://)[^/@]*@", "***@", uri)


def track(client: Any, run: FinishedRun, experiment: str, charts: Sequence[Path]) -> Tracked:
    """Log ``run`` to ``experiment``, which is created if missing. A run that was logged stays as it is.

    A run whose logging was interrupted is completed.
    """
    experiment_id = _experiment(client, experiment)
    found = _find(client, experiment_id, run)
    if found is not None and found.info.status == "FINISHED":
        return Tracked(found.info.run_id, experiment, is_new=False)
    if found is None:
        begun = int(layout.moment_of(run.manifest.vintage).timestamp() * 1000)
        created = client.create_run(experiment_id, begun, _tags(run), run.manifest.predictor)
        found = _find(client, experiment_id, run)
        assert found is not None  # noqa: S101  # created just above
        if found.info.run_id != created.info.run_id:  # another process was faster
            client.delete_run(created.info.run_id)
            return Tracked(found.info.run_id, experiment, is_new=False)
    _log(client, found.info.run_id, run, charts)
    log_trials(client, experiment_id, found.info.run_id, run)
    ended = run.manifest.published
    client.set_terminated(found.info.run_id, "FINISHED", ended and int(ended.timestamp() * 1000))
    return Tracked(found.info.run_id, experiment, is_new=True)


def _experiment(client: Any, name: str) -> str:
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return str(client.create_experiment(name))
        except MlflowException:
            found = client.get_experiment_by_name(name)  # another process was faster
            if found is None:
                raise
    if found.lifecycle_stage != "active":
        raise ConnectorError(
            f"the experiment {name!r} is deleted: restore it with `mlflow experiments restore "
            f"-x {found.experiment_id}`, or name another with --experiment"
        )
    return str(found.experiment_id)


def _find(client: Any, experiment_id: str, run: FinishedRun) -> Any:
    """The MLflow run with this run's tags; the first, if two processes created one at the same time."""
    tagged = f"tags.`{VINTAGE}` = '{run.manifest.vintage}' and tags.`{RUN}` = '{run.manifest.run}'"
    found = client.search_runs([experiment_id], tagged)
    return min(found, key=lambda one: (one.data.tags.get(BEGUN, ""), one.info.run_id), default=None)


def _tags(run: FinishedRun) -> dict[str, str]:
    manifest = run.manifest
    tags = {
        RUN: manifest.run,
        VINTAGE: manifest.vintage,
        BEGUN: datetime.now(UTC).isoformat(),
        "stepcast.predictor": manifest.predictor,
        "stepcast.bucket": run.bucket,
        "stepcast.version": manifest.stepcast,
        "stepcast.commit": manifest.commit,
        "mlflow.source.name": "stepcast",
        "mlflow.source.type": "JOB",
        "mlflow.note.content": _note(run),
    }
    if commit := COMMIT.match(manifest.commit):
        tags["mlflow.source.git.commit"] = commit[0]
    return {name: text for name, text in tags.items() if text}


def _note(run: FinishedRun) -> str:
    manifest = run.manifest
    lines = [
        f"{manifest.items:,} items of {manifest.dataset}, {manifest.horizon} steps of {manifest.frequency}: "
        f"{manifest.first} to {manifest.last}."
    ]
    if manifest.backtest:
        lines.append(f"Backtest: {manifest.backtest}.")
    return "\n\n".join(lines)


def _log(client: Any, run_id: str, run: FinishedRun, charts: Sequence[Path]) -> None:
    from mlflow.entities import Metric, Param

    manifest = run.manifest
    params = {
        "algorithm": manifest.best,
        "frequency": manifest.frequency,
        "horizon": str(manifest.horizon),
        "metric": manifest.metric,
        **file_params(run.bucket, run.inputs()),
        **flat(run.params),
    }
    named = [Param(name, text) for name, text in params.items()]
    for start in range(0, len(named), AT_ONCE):
        client.log_batch(run_id, params=named[start : start + AT_ONCE])
    moment = int(layout.moment_of(manifest.vintage).timestamp() * 1000)
    measured = [Metric(name, value, moment, step) for name, step, value in metrics(run)]
    for start in range(0, len(measured), METRICS_AT_ONCE):
        client.log_batch(run_id, metrics=measured[start : start + METRICS_AT_ONCE])
    client.log_inputs(run_id, dataset_inputs(run))
    board = run.leaderboard()
    # log_table would append to a table that an interrupted attempt has logged.
    if board is not None and LEADERBOARD not in {one.path for one in client.list_artifacts(run_id)}:
        client.log_table(run_id, board.to_pandas(), LEADERBOARD)
    for name, text in run.reports().items():
        client.log_text(run_id, text, f"validation/{name}")
    for path in charts:
        client.log_artifact(run_id, str(path), "charts")
    if (accuracy := run.accuracy()) is not None:
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / "accuracy.parquet"
            path.write_bytes(parquet_bytes(accuracy))
            client.log_artifact(run_id, str(path))
