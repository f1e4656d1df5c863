"""params.json and accuracy as MLflow params and metrics, within its limits on names and values."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from stepcast.connect.finished_run import FinishedRun, InputFile
from stepcast.pipeline import layout
from stepcast.pipeline.vintages import Evaluation, Manifest

__all__ = ["METRICS", "file_params", "flat", "metrics", "optimized", "param_name"]

LONGEST_VALUE = 6000  # characters
LONGEST_NAME = 250
METRICS = {  # OptimizationMetric: its name in the accuracy
    "AverageWeightedQuantileLoss": "average_wql",
    "WAPE": "wape",
    "RMSE": "rmse",
    "MASE": "mase",
    "MAPE": "mape",
}


def flat(params: dict[str, Any]) -> dict[str, str]:
    """One text per leaf, under its path; unset values are left out.

    >>> flat({"Predictor": {"ForecastHorizon": 72, "HPOConfig": None}})
    {'Predictor.ForecastHorizon': '72'}
    >>> flat({"Datasets": [{"DatasetName": "a", "Schema": {"Attributes": []}}]})
    {'Datasets.0.DatasetName': 'a'}
    >>> flat({"Forecast": {"ForecastTypes": ["0.1", "0.9"]}})
    {'Forecast.ForecastTypes': '0.1, 0.9'}
    >>> flat({"Attributes": [{"AttributeName": "a", "AttributeType": "string"}, {"AttributeName": "b"}]})
    {'Attributes': 'a string, b'}
    """
    return {param_name(path): text[:LONGEST_VALUE] for path, text in _leaves(params, "")}


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        lines = [" ".join(one.values()) if _is_line(one) else one for one in value]
        if any(isinstance(one, dict | list) for one in lines):
            for number, inner in enumerate(value):
                yield from _leaves(inner, f"{path}.{number}")
        elif lines:
            yield path, ", ".join(map(str, lines))
    elif value is not None:
        yield path, value if isinstance(value, str) else json.dumps(value)


def _is_line(value: Any) -> bool:
    """Whether it is a small object of texts only: an attribute of a schema, a tag."""
    return isinstance(value, dict) and all(isinstance(one, str) for one in value.values()) and len(value) < 3


def param_name(text: str) -> str:
    """``text`` in the characters that MLflow allows in names of params and metrics.

    >>> param_name("TrainingParameters.a@b")
    'TrainingParameters.a_b'
    """
    return re.sub(r"[^\w./: -]", "_", text)[:LONGEST_NAME]


def file_params(bucket: str, inputs: list[InputFile]) -> dict[str, str]:
    """The training files: bucket_name, object_name and version_id, comma-separated if there are several.

    >>> file_params("b", [InputFile("train/a.csv", "e", "v1", 9)])
    {'bucket_name': 'b', 'object_name': 'train/a.csv', 'version_id': 'v1'}
    """
    files = [file for file in inputs if file.key.startswith(layout.TRAIN)]
    found = {"bucket_name": bucket if files else "", "object_name": ", ".join(file.key for file in files)}
    found["version_id"] = ", ".join(file.version for file in files if file.version is not None)
    return {name: text[:LONGEST_VALUE] for name, text in found.items() if text}


def metrics(run: FinishedRun) -> Iterator[tuple[str, int, float]]:
    """Name, step and value of all backtest metrics.

    Step 0 covers all windows: the columns of the leaderboard's row ``all`` and the accuracy (``wql_p10``,
    ``rmse``...), with that of seasonal naive under ``seasonal_naive/``. Metrics by window are under
    ``window/``; step 1 is the oldest window, so that curves run forward in time. The steps of ``training/``
    are the epochs of a network.
    """
    found: dict[tuple[str, int], float | None] = {}
    board = run.leaderboard()
    for row in board.to_pylist() if board is not None else []:
        if row["scope"] == "all":
            figures = {name: value for name, value in row.items() if isinstance(value, float)}
            found |= {(param_name(name), 0): value for name, value in figures.items()}
    windows = max((one.window or 0 for one in run.manifest.evaluations), default=0)
    for one in run.manifest.evaluations:
        step = 0 if one.window is None else windows + 1 - one.window
        found |= {(name, step): value for name, value in _named(one, run.manifest.best)}
    for (name, step), value in found.items():
        if value is not None:
            yield name, step, value
    yield from _curves(run.training())


def _curves(epochs: list[dict[str, Any]]) -> Iterator[tuple[str, int, float]]:
    """The loss of each epoch by phase (learning, backtest, forecast), and that of what was held back."""
    steps: Counter[str] = Counter()
    for epoch in epochs:
        phase = epoch["phase"]
        steps[phase] += 1  # not its number: several networks are averaged one after the other
        yield f"training/{phase}/loss", steps[phase], epoch["loss"]
        if epoch["held"] is not None:
            yield f"training/{phase}/held_back_loss", steps[phase], epoch["held"]


def optimized(manifest: Manifest) -> str:
    """The metric that the predictor was trained for; without quantiles, the quantile loss becomes WAPE."""
    name = METRICS[manifest.metric]
    quantiles = any(column.startswith("wql_") for one in manifest.evaluations for column in one.metrics)
    return "wape" if name == "average_wql" and not quantiles else name


def _named(one: Evaluation, best: str) -> Iterator[tuple[str, float | None]]:
    before = "" if one.window is None else "window/"
    if one.model != best:
        before += "seasonal_naive/"
    for name, value in one.metrics.items():
        yield param_name(before + name), value
