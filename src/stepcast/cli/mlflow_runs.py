"""Log runs to MLflow: on request, or as they finish while MLFLOW_TRACKING_URI is set."""

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


EXPORTED = "exported"  # the folder of files that the user adds


@dataclass(frozen=True)
class Wish:
    """Where to log runs, whether to register their predictors, and files to log with them."""

    uri: str
    experiment: str | None = None
    register: bool = False
    champion: Policy = "better"
    artifacts: tuple[Path, ...] = ()


def log_run(run: FinishedRun, wish: Wish, results: Path | None = None) -> dict[str, Any]:
    """Track one run; the result is for JSON. Raises ConnectorError if it fails."""
    from stepcast.cli.tracked_chart import charts_of
    from stepcast.connect.mlflow.registry import register
    from stepcast.connect.mlflow.tracking import connected, shown, track

    experiment = wish.experiment or run.manifest.dataset
    with connected(wish.uri) as client, charts_of(run, results) as charts:
        tracked = track(client, run, experiment, charts)
        for file in wish.artifacts:
            client.log_artifact(tracked.run_id, str(file), EXPORTED)
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
    """The result of ``log_run`` for a person."""
    there = "" if facts["is_new"] else ", which was logged before"
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
    """Track the run in a results folder, if MLFLOW_TRACKING_URI is set.

    The forecast is finished, so a failure is reported in one line and is not an error.
    """
    uri = os.environ.get(URI)
    if not uri:
        return
    from stepcast.cli.kept_run import read_run
    from stepcast.connect.mlflow.tracking import shown

    try:
        facts = log_run(find(read_run(results), ""), Wish(uri, os.environ.get(EXPERIMENT)), results)
    except Exception as error:
        say(
            f"not tracked: {str(error).replace(uri, shown(uri))}; retry with "
            f"stepcast track mlflow --out {results}"
        )
    else:
        say(f"MLflow: {describe(facts)}")


@contextmanager
def runs_logged(endpoint: str) -> Iterator[None]:
    """Track what the stack at ``endpoint`` publishes in a separate process, if MLFLOW_TRACKING_URI is set.

    Forecasts do not wait for it and do not depend on its success.
    """
    if not os.environ.get(URI):
        yield
        return
    command = "from stepcast.cli import main; main()"
    watch = ["track", "mlflow", "--watch", "--endpoint", endpoint]
    # Its output goes to stderr: stdout is for the output of `stepcast up`.
    with subprocess.Popen([sys.executable, "-c", command, *watch], stdout=sys.stderr) as process:  # noqa: S603 - its own command line
        try:
            yield
        finally:
            process.terminate()
