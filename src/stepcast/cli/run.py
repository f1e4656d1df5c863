"""``stepcast run``: one forecast, from files to files."""

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from stepcast.cli.chart import MOST_PANELS
from stepcast.cli.input_files import keys_for, sorted_out
from stepcast.cli.options import (
    PARAMS,
    TRAIN,
    BucketName,
    Endpoint,
    ItemName,
    Json,
    MetadataFiles,
    ModelFile,
    ProjectFolder,
    RelatedFiles,
)
from stepcast.cli.output import cell, duration, plural, print_json, print_line, stderr, stdout, table

if TYPE_CHECKING:
    from stepcast.cli.executions import Execution
    from stepcast.cli.forecast_once import Outcome
    from stepcast.pipeline.problems import Report

__all__ = ["run"]

CURRENT = "current"  # no predictor is called so: their names end in a time
SUMMARY_ROWS = 20
SHOWN_OUTPUTS = 3
SHOWN_WARNINGS = 5


def run(
    params: Annotated[Path | None, PARAMS] = None,
    train: Annotated[list[Path] | None, TRAIN] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="Folder for the results.", show_default="required"),
    ] = None,
    more: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="CSV",
            exists=True,
            dir_okay=False,
            readable=True,
            help="More files for --train, as a shell expands train/*.csv.",
        ),
    ] = None,
    related: RelatedFiles = None,
    metadata: MetadataFiles = None,
    model: ModelFile = None,
    item: ItemName = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Write to DIR even if it contains other files, which are kept."),
    ] = False,
    check: Annotated[
        bool,
        typer.Option("--check", help="Only check the input, like stepcast validate."),
    ] = False,
    as_of: Annotated[
        str | None,
        typer.Option(
            metavar="PREDICTOR",
            help="Instead of files: what this predictor, or the current one, was trained on, in the versions "
            "that it read: NAME or current.",
        ),
    ] = None,
    engine: Annotated[
        Literal["lambda", "spark"],
        typer.Option(help="What trains and forecasts the series: the functions, or Spark."),
    ] = "lambda",
    master: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Of Spark: local[4], spark://HOST:PORT, sc://HOST:PORT...",
            show_default="local[*]",
        ),
    ] = None,
    as_json: Json = False,
    project: ProjectFolder = None,
    endpoint: Endpoint = None,
    bucket: BucketName = None,
) -> None:
    """Forecast files directly, using the same template and runtime as a running stack.

    Writes raw/*.csv, clean/*.csv, accuracy/, leaderboard.csv, validation.md and chart.png to DIR.

    With --as-of, the files are those that a predictor was trained on, in the bucket of a running stack or in
    --bucket: its forecast is produced again, byte for byte.
    """
    files = sorted_out(
        {"train": [*(train or ()), *(more or ())], "related": related or [], "metadata": metadata or []}
    )
    if model is not None:
        files["models/"] = [model]
    if master is not None and engine != "spark":
        raise typer.BadParameter("it is Spark's: add --engine spark", param_hint="--master")
    if as_of is not None:
        _refuse_files(params, files, item, check)
    elif params is None or not train:
        raise typer.BadParameter(
            "it is missing, and so is --as-of", param_hint="--train" if params else "--params"
        )
    elif check:
        from stepcast.cli.checking import check_files, conclude

        conclude(check_files(params, files, item), as_json)
        return
    if out is None:
        raise typer.BadParameter("a folder for the results is required", param_hint="--out")
    from stepcast.cli import forecast_once
    from stepcast.cli.failure import Failure, Stopped
    from stepcast.cli.kernels import compile_kernels, names_an_algorithm
    from stepcast.cli.progress import display
    from stepcast.cli.project import Project
    from stepcast.cli.results_folder import ResultsFolder
    from stepcast.cli.stack import private
    from stepcast.cli.stopping import unwinding
    from stepcast.pipeline import layout

    if engine == "spark":
        from stepcast.cli.spark_engine import require_spark

        require_spark()
    folder = ResultsFolder(out, force)
    execution, outcome = None, None
    try:
        with (
            unwinding(),
            display(quiet=as_json) as shown,
            tempfile.TemporaryDirectory(prefix="stepcast-input-") as scratch,
        ):
            if as_of is not None:
                keyed = _recorded(as_of, endpoint, bucket, Path(scratch), shown.say)
                params = keyed.pop(layout.PARAMS)
            else:
                assert params is not None  # noqa: S101 - looked at above
                if item is not None:
                    from stepcast.cli.constant_item import with_item

                    params, files["train/"] = with_item(item, params, files["train/"], Path(scratch))
                keyed = {
                    key: path
                    for folder_, paths in files.items()
                    for key, path in keys_for(paths, folder_).items()
                }
            if not names_an_algorithm(params.read_bytes()):
                compile_kernels(shown.say)
            shown.say("starting the local stack")
            # Nothing else is uploaded, so there is nothing to wait for.
            with (
                private(Project.find(project), SettleSeconds="0", Engine=engine) as stack,
                ExitStack() as beside,
            ):
                if engine == "spark":
                    from stepcast.cli.spark_engine import serving

                    beside.enter_context(serving(stack, master or "local[*]", shown.say))
                arn = forecast_once.upload(stack, params, keyed)
                for execution in forecast_once.follow(stack, arn):
                    shown.show(execution)
                assert execution is not None  # noqa: S101 - follow() yields at least one
                if execution.status != "SUCCEEDED":
                    message = forecast_once.why_it_failed(stack, execution, folder)
                    if as_json:
                        facts = _facts(execution, folder.path)
                        print_json({"status": execution.status, **facts, "message": message})
                    raise Failure(message)
                outcome = forecast_once.save(stack, execution, folder)
    except (KeyboardInterrupt, SystemExit) as stop:
        if execution is None or outcome is None:
            code = stop.code if isinstance(stop, SystemExit) and isinstance(stop.code, int) else 130
            raise Stopped(_what_was_stopped(execution, out), code) from None
    if as_json:
        print_json({"status": execution.status, **_facts(execution, folder.path), **_results(outcome)})
    else:
        _print_summary(outcome, out)
    from stepcast.cli.mlflow_runs import log_results

    log_results(out, lambda line: stderr().print(line, markup=False))


def _refuse_files(params: Path | None, files: dict[str, list[Path]], item: str | None, check: bool) -> None:
    given: dict[str, object] = {
        "--params": params,
        "--train": files["train/"],
        "--related": files["related/"],
    }
    given |= {
        "--metadata": files["metadata/"],
        "--model": files.get("models/"),
        "--item": item,
        "--check": check,
    }
    if named := [name for name, value in given.items() if value]:
        raise typer.BadParameter(
            f"it stands for the files of a predictor: leave out {', '.join(named)}", param_hint="--as-of"
        )


def _recorded(
    predictor: str, endpoint: str | None, bucket: str | None, folder: Path, say: Callable[[str], None]
) -> dict[str, Path]:
    """The files that a predictor was trained on, by key, as they were then."""
    from stepcast.cli.recorded_input import find, open_bucket, read_again

    s3, name = open_bucket(endpoint, bucket)
    recorded = find(s3, name, None if predictor == CURRENT else predictor)
    say(f"reading {plural(len(recorded.files), 'file')} of s3://{name}/ as {recorded.predictor} read them")
    return read_again(s3, name, recorded, folder)


def _what_was_stopped(execution: "Execution | None", out: Path) -> str:
    where = "before the run began"
    if execution is not None:
        state = f"in {execution.state} " if execution.state else ""
        where = f"{state}after {duration(execution.seconds)}"
    return f"stopped {where}: the local stack and its processes have ended, and nothing was written to {out}"


def _facts(execution: "Execution", folder: Path) -> dict[str, Any]:
    return {
        "run": execution.run,
        "out": str(folder),
        "seconds": execution.seconds,
        "states": [{"state": visit.state, "seconds": visit.seconds} for visit in execution.states],
        "error": execution.error,
    }


def _results(outcome: "Outcome") -> dict[str, Any]:
    manifest = outcome.manifest
    return {
        "read": outcome.report.summary.document() if outcome.report.summary else None,
        "warnings": [asdict(problem) for problem in outcome.report.problems],
        "vintage": manifest.vintage,
        "metric": manifest.metric,
        "scores": manifest.scores,
        "tuned": manifest.tuned.model_dump() if manifest.tuned else None,
        "backtested": {"items": manifest.judged, "points": manifest.points},
        "items": [
            {
                **item.key,
                "model": item.model,
                "score": item.score,
                "score_seasonal_naive": item.seasonal_naive,
                "totals": item.totals,
            }
            for item in outcome.items
        ],
    }


def _print_summary(outcome: "Outcome", out: Path) -> None:
    manifest, items = outcome.manifest, outcome.items
    keys, outputs = list(items[0].key), _few(list(items[0].totals))
    metric = {"AverageWeightedQuantileLoss": "wQL"}.get(manifest.metric, manifest.metric)
    numbers = (metric, "seasonal naive", *(f"{output} total" for output in outputs))
    shown = table(None, *keys, "model", *numbers, numbers=numbers)
    for item in items[:SUMMARY_ROWS]:
        totals = (f"{item.totals[output]:,.1f}" for output in outputs)
        scores = (_score(item.score), _score(item.seasonal_naive))
        shown.add_row(*map(cell, (*item.key.values(), item.model, *scores, *totals)))
    scores = (_score(manifest.scores[manifest.best]), _score(manifest.scores.get("SeasonalNaive")))
    shown.add_section()
    shown.add_row(
        "all items", *("" for _ in keys[1:]), manifest.best, *scores, *("" for _ in outputs), style="bold"
    )
    _print_input(outcome.report, out)
    stdout().print()
    stdout().print(shown)
    if len(items) > SUMMARY_ROWS:
        print_line(f"and {len(items) - SUMMARY_ROWS:,} more in {out / 'leaderboard.csv'}")
    print_line("")
    print_line(f"{manifest.horizon} steps of {manifest.frequency}: {manifest.first} to {manifest.last}")
    print_line(f"Backtest: {manifest.backtest}; periods without an observation are not scored")
    print_line(
        f"Files:  {out}/raw/  {out}/clean/  {out}/accuracy/  {out}/leaderboard.csv  {out}/validation.md"
    )
    if manifest.levels_columns is not None:
        from stepcast.cli.level_lines import level_lines

        for line in level_lines(out):
            print_line(line)
    drawn = f" (the {MOST_PANELS} largest of {len(items):,} items)" if len(items) > MOST_PANELS else ""
    print_line(f"Chart:  {out}/chart.png{drawn}")
    if manifest.tuned is not None:
        print_line(f"Tuned:  {manifest.tuned.told}; all trials: {out}/tuning.csv  {out}/tuning.png")


def _print_input(report: "Report", out: Path) -> None:
    """Print the summary of the data, and any warnings."""
    print_line("")
    if report.summary is not None:
        print_line(f"Read: {report.summary}")
    for note in report.notes:
        print_line(f"Note: {note}")
    if report.warnings:
        from stepcast.cli.problem_lines import problem_lines

        count, *lines = problem_lines(report, "warning", SHOWN_WARNINGS)
        print_line("\n".join([f"{count}, see {out / 'validation.md'}", *lines]))


def _few(outputs: list[str]) -> list[str]:
    """At most three outputs, so that a line fits: the lowest, the middle and the highest quantile."""
    if len(outputs) <= SHOWN_OUTPUTS:
        return outputs
    quantiles = [output for output in outputs if output != "mean"]
    return [quantiles[0], quantiles[len(quantiles) // 2], quantiles[-1]]


def _score(score: float | None) -> str:
    return "-" if score is None else f"{score:.4f}"
