"""``stepcast track mlflow``: a finished run as an MLflow run, the predictor as a registered model."""

import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from stepcast.cli.kept_run import opened
from stepcast.cli.options import BucketName, Endpoint, Json
from stepcast.cli.output import print_json, print_line, stderr
from stepcast.connect.mlflow.settings import EXPERIMENT, URI

__all__ = ["mlflow"]


def mlflow(
    context: typer.Context,
    uri: Annotated[
        str | None,
        typer.Option(metavar="URI", envvar=URI, help="http://host:5000, or a database: sqlite:///mlflow.db."),
    ] = None,
    run: Annotated[
        str, typer.Option(metavar="RUN", help="A run, vintage or predictor; latest is the last published.")
    ] = "latest",
    experiment: Annotated[
        str | None,
        typer.Option(metavar="NAME", envvar=EXPERIMENT, help="Default: the target dataset's name."),
    ] = None,
    register: Annotated[
        bool, typer.Option("--register", help="Register the predictor as a model with the same forecasts.")
    ] = False,
    champion: Annotated[
        Literal["better", "always", "never"],
        typer.Option(help="With --register: when the alias champion moves to the new version."),
    ] = "better",
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", file_okay=False, exists=True, help="The results folder of stepcast run --out."
        ),
    ] = None,
    artifact: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="Log this file as well, such as one of stepcast export; repeatable.",
        ),
    ] = None,
    bucket: BucketName = None,
    watch: Annotated[bool, typer.Option("--watch", help="Track every later run too, until Ctrl-C.")] = False,
    every: Annotated[float, typer.Option(min=1, metavar="SECONDS", help="With --watch: how often.")] = 10,
    as_json: Json = False,
    endpoint: Endpoint = None,
) -> None:
    """Log a finished run to MLflow: parameters, accuracy, inputs by version, leaderboard, chart.

    Logging a run again changes nothing, except that files given with --artifact are added.
    """
    if uri is None:
        raise typer.BadParameter(f"give it, or set {URI}", param_hint="--uri")
    source = context.get_parameter_source("uri")
    if "@" in uri and source is not None and source.name == "COMMANDLINE":
        raise typer.BadParameter(
            f"all users of this machine can read a password there: set {URI}, or give user and "
            "password in MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD",
            param_hint="--uri",
        )
    if out is not None and (watch or bucket is not None):
        raise typer.BadParameter(
            "the folder holds one run: leave out --bucket and --watch", param_hint="--out"
        )
    if artifact and watch:
        raise typer.BadParameter("a file belongs to one run: leave out --watch", param_hint="--artifact")
    from stepcast.cli.mlflow_runs import Wish, describe, log_run
    from stepcast.connect.finished_run import find

    wish = Wish(uri, experiment, register, champion, tuple(artifact or ()))
    s3, name = opened(out, bucket, endpoint)
    if watch:
        _watch(s3, name, wish, every)
        return
    facts = log_run(find(s3, name, run), wish, out)
    if as_json:
        print_json(facts)
    else:
        print_line(describe(facts))


def _watch(s3: Any, bucket: str, wish: Any, every: float) -> None:
    """Track the latest run and every later one; failures are reported and retried."""
    from stepcast.cli.failure import explain
    from stepcast.cli.mlflow_runs import describe, log_run
    from stepcast.cli.stopping import unwinding
    from stepcast.connect.finished_run import published

    print_line(f"ready; tracking the runs of s3://{bucket}/")
    done, reported = "", ""
    with suppress(KeyboardInterrupt, SystemExit), unwinding():
        while True:
            try:
                for run in published(s3, bucket, done)[0 if done else -1 :]:
                    print_line(describe(log_run(run, wish)))
                    done, reported = run.manifest.vintage, ""
            except Exception as error:
                problem = explain(error)
                if problem is None:
                    raise
                if problem != reported:
                    stderr().print(f"stepcast: {problem}; retried every {every:g} s", markup=False)
                reported = problem
            time.sleep(every)  # --every: a bucket on AWS sends no events to this machine
