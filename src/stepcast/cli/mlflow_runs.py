"""Runs for MLflow: one that is asked for, and those that end while MLFLOW_TRACKING_URI is set."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stepcast.connect.finished_run import FinishedRun, find
from stepcast.connect.mlflow.champion import Policy
from stepcast.connect.mlflow.settings import EXPERIMENT, URI

__all__ = ["Wish", "describe", "log_results", "log_run", "runs_logged"]


@dataclass(frozen=True)
class Wish:
    """Where runs go, and whether their predictors are registered."""

    uri: str
    experiment: str | None = None
    register: bool = False
    champion: Policy = "better"


def log_run(run: FinishedRun, wish: Wish, results: Path | None = None) -> dict[str, Any]:
    """Track one run; what was done, for JSON. ConnectorError says what is in the way."""
    from stepcast.cli.tracked_chart import charts_of
    from stepcast.connect.mlflow.registry import register
    from stepcast.connect.mlflow.tracking import connected, shown, track

    experiment = wish.experiment or run.manifest.dataset
    with connected(wish.uri) as client, charts_of(run, results) as charts:
        tracked = track(client, run, experiment, charts)
        facts: dict[str, Any] = {
            "uri": shown(wish.uri),
            "experiment": experiment,
            "run_id": tracked.run_id,
            "vintage": run.manifest.vintage,
            "is_new": tracked.is_new,
            "model": None,
        }
        if wish.register:
            made = register(client, run, tracked.run_id, wish.champion)
            facts["model"] = {
                "name": made.name,
                "version": made.version,
                "is_champion": made.decision.moves if made.decision else None,
                "why": made.decision.why if made.decision else None,
            }
    return facts


def describe(facts: dict[str, Any]) -> str:
    """What was done, for a person."""
    there = "" if facts["is_new"] else ", which was there already"
    lines = [
        f"vintage {facts['vintage']} is run {facts['run_id']} of experiment {facts['experiment']} at "
        f"{facts['uri']}{there}"
    ]
    if model := facts["model"]:
        line = f"predictor {model['name']} is registered as version {model['version']}"
        if model["why"] is None:
            line += ", as before"
        else:
            line += f", {'now' if model['is_champion'] else 'not'} the champion: {model['why']}"
        lines.append(line)
    return "\n".join(lines)


def log_results(results: Path, say: Callable[[str], None]) -> None:
    """Track the run in a folder of results, if MLFLOW_TRACKING_URI is set.

    The forecast is made: whatever goes wrong here is a line, and no error.
    """
    uri = os.environ.get(URI)
    if not uri:
        return
    from stepcast.cli.kept_run import read_run
    from stepcast.connect.mlflow.tracking import shown

    try:
        facts = log_run(find(read_run(results), ""), Wish(uri, os.environ.get(EXPERIMENT)), results)
    except Exception as error:
        say(f"not tracked: {str(error).replace(uri, shown(uri))}; stepcast track mlflow --out {results}")
    else:
        say(f"MLflow: {describe(facts)}")


@contextmanager
def runs_logged(endpoint: str) -> Iterator[None]:
    """Within, a process of its own tracks what the stack at ``endpoint`` publishes, if MLFLOW_TRACKING_URI
    is set. A forecast does not wait for it, and does not notice how it fares."""
    if not os.environ.get(URI):
        yield
        return
    command = "from stepcast.cli import main; main()"
    watch = ["track", "mlflow", "--watch", "--endpoint", endpoint]
    # What it reports goes to stderr: stdout has what `stepcast up` prints.
    with subprocess.Popen([sys.executable, "-c", command, *watch], stdout=sys.stderr) as process:  # noqa: S603 - its own command line
        try:
            yield
        finally:
            process.terminate()
