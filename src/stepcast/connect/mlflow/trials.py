"""The trials of a run's tuning as MLflow runs nested in it."""

import json
from typing import Any

from stepcast.connect.finished_run import FinishedRun
from stepcast.connect.mlflow.names import METRICS, param_name
from stepcast.pipeline import layout

__all__ = ["log_trials"]

PARENT, NAME, TRIAL = "mlflow.parentRunId", "mlflow.runName", "stepcast.trial"
STATUS = {"complete": "FINISHED", "pruned": "KILLED", "failed": "FAILED"}
MOST = 1_000  # trials of one tuning, as params.json allows


def log_trials(client: Any, experiment_id: str, run_id: str, run: FinishedRun) -> None:
    """Log every trial as a run under ``run_id``; those that an interrupted attempt has finished stay."""
    from mlflow.entities import Metric, Param

    table = run.tuning()
    if table is None:
        return
    begun = int(layout.moment_of(run.manifest.vintage).timestamp() * 1000)
    known = client.search_runs([experiment_id], f"tags.`{PARENT}` = '{run_id}'", max_results=MOST)
    found = {one.data.tags.get(TRIAL): one for one in known}
    for row in table.to_pylist():
        number = str(row["trial"])
        tags = {PARENT: run_id, NAME: f"trial {number}", TRIAL: number, "stepcast.state": row["state"]}
        tags |= {"mlflow.note.content": row["note"]} if row["note"] else {}
        child = found.get(number) or client.create_run(experiment_id, begun, tags)
        if child.info.status in STATUS.values():
            continue
        parameters = json.loads(row["parameters"])
        params = [Param(param_name(name), text) for name, text in parameters.items()]
        measured = {METRICS.get(row["metric"], row["metric"]): row["value"], "seconds": row["seconds"]}
        metrics = [Metric(name, value, begun, 0) for name, value in measured.items() if value is not None]
        client.log_batch(child.info.run_id, params=params, metrics=metrics)
        client.set_terminated(child.info.run_id, STATUS[row["state"]])
