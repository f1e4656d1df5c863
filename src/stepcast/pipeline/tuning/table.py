"""The trials of a predictor as rows of the SQL table ``tuning``."""

import json
from typing import TYPE_CHECKING

import pyarrow as pa

from stepcast.engine.task import Task

if TYPE_CHECKING:  # UpdateAthena, which needs the columns, has no Optuna
    from stepcast.engine.tuning.study import Tuned

__all__ = ["COLUMNS", "trials_table"]

# The same for every predictor, since all of them are in the table.
COLUMNS = {
    **dict.fromkeys(("predictor", "vintage", "run", "algorithm"), "string"),
    "trial": "bigint",
    "parameters": "string",  # JSON, text to text
    "metric": "string",
    "value": "double",
    "state": "string",
    "best": "boolean",
    "steps": "bigint",
    "seconds": "double",
    "note": "string",
}
TYPES = {"string": pa.string(), "bigint": pa.int64(), "double": pa.float64(), "boolean": pa.bool_()}


def trials_table(tuned: "Tuned", task: Task, *, run: str, vintage: str, predictor: str) -> pa.Table:
    """One row a trial, in their order."""
    about = {"predictor": predictor, "vintage": vintage, "run": run, "algorithm": task.algorithm}
    rows = [
        {
            **about,
            "trial": one.number,
            "parameters": json.dumps(dict(one.parameters)),
            "metric": task.metric,
            "value": one.value,
            "state": one.state,
            "best": one.number == tuned.best.number,
            "steps": one.steps,
            "seconds": one.seconds,
            "note": one.note or None,
        }
        for one in tuned.trials
    ]
    schema = pa.schema([(name, TYPES[kind]) for name, kind in COLUMNS.items()])
    return pa.Table.from_pylist(rows, schema=schema)
