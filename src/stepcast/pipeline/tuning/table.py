"""The trials of a predictor as rows of the SQL table ``tuning``."""

import json

import pyarrow as pa

from stepcast.engine.task import Task
from stepcast.engine.tuning.study import Tuned

__all__ = ["trials_table"]


def trials_table(tuned: Tuned, task: Task, *, run: str, vintage: str, predictor: str) -> pa.Table:
    """One row a trial, in their order; the columns are those of ``tables.TUNING_COLUMNS``."""
    trials = tuned.trials
    count = len(trials)
    return pa.table(
        {
            "predictor": [predictor] * count,
            "vintage": [vintage] * count,
            "run": [run] * count,
            "algorithm": [task.algorithm] * count,
            "trial": pa.array([one.number for one in trials], pa.int64()),
            "parameters": [json.dumps(dict(one.parameters)) for one in trials],
            "metric": [task.metric] * count,
            "value": pa.array([one.value for one in trials], pa.float64()),
            "state": [one.state for one in trials],
            "best": [one is tuned.best or one.number == tuned.best.number for one in trials],
            "steps": pa.array([one.steps for one in trials], pa.int64()),
            "seconds": pa.array([one.seconds for one in trials], pa.float64()),
            "note": pa.array([one.note or None for one in trials], pa.string()),
        }
    )
