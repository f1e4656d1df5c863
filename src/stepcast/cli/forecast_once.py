"""One forecast from files to files: upload to a private stack, follow the run, download the results."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from stepcast.cli.chart import MOST_PANELS
from stepcast.cli.chart_files import largest_series
from stepcast.cli.current_forecast import key_columns, output_columns
from stepcast.cli.executions import Execution, History, describe
from stepcast.cli.failure import Failure
from stepcast.cli.kept_run import keep_run, kept
from stepcast.cli.problem_lines import error_lines
from stepcast.cli.results_folder import ResultsFolder
from stepcast.cli.saved_items import Item, read_items, write_leaderboard
from stepcast.cli.stack import Stack
from stepcast.pipeline import layout, objects, tables, vintages
from stepcast.pipeline.csv_files import csv_bytes
from stepcast.pipeline.errors import ResourceNotFoundException
from stepcast.pipeline.problems import Report
from stepcast.pipeline.run import fingerprint
from stepcast.pipeline.vintages import Manifest

__all__ = ["Outcome", "follow", "save", "upload", "why_it_failed"]

START_SECONDS = 60  # a trigger that has not reacted by then never will
# Between two looks at a run: at first the one, later the other, in between a twentieth of the time so far.
SHORTEST_PAUSE, LONGEST_PAUSE = 0.2, 2.0
SHOWN_PROBLEMS = 5
VALIDATION = "validation.md"


@dataclass(frozen=True)
class Outcome:
    """The results of a run, and the report on its input."""

    manifest: Manifest
    report: Report
    items: list[Item]


def upload(stack: Stack, params: Path, files: Mapping[str, Path]) -> str:
    """Put the files in the bucket, by key; the ARN of the execution that covers them all.

    params.json is uploaded last: nothing starts before, so there is one execution instead of one per file.
    """
    for key, path in files.items():
        stack.s3.upload_file(str(path), stack.bucket, key)
    stack.s3.upload_file(str(params), stack.bucket, layout.PARAMS)
    run = fingerprint(stack.s3, stack.bucket)
    return f"{stack.state_machine.replace(':stateMachine:', ':execution:')}:{run}"


def follow(stack: Stack, arn: str) -> Iterator[Execution]:
    """The progress of the execution, repeatedly until it has ended."""
    begun = time.monotonic()
    history = History(stack.states, arn)
    while True:
        waited = time.monotonic() - begun
        try:
            execution = describe(stack, arn, history)
        except stack.states.exceptions.ExecutionDoesNotExist:
            if waited > START_SECONDS:
                raise Failure(
                    f"no run started within {START_SECONDS} s of the upload; log of StartExecutionFunction:\n"
                    + _log(stack, "StartExecutionFunction")
                ) from None
        else:
            yield execution
            if execution.stopped is not None:
                return
        time.sleep(min(max(SHORTEST_PAUSE, waited / 20), LONGEST_PAUSE))


def why_it_failed(stack: Stack, execution: Execution, folder: ResultsFolder) -> str:
    """The message for a failed run; the validation report is then in ``folder``."""
    try:
        report = Report.from_json(_text(stack, layout.report(execution.run, "json")))
    except ResourceNotFoundException:
        report = Report()
    folder.add(VALIDATION, report.to_markdown())
    if report.errors:
        count, *lines = error_lines(report, SHOWN_PROBLEMS)
        where = f"The complete report: {folder.path / VALIDATION}"
        return "\n".join([f"the input has {count}; nothing was forecast", *lines, where])
    what = f"{execution.error}: {execution.cause}" if execution.error else execution.status
    return f"the run failed in {execution.state}: {what}"


def save(stack: Stack, execution: Execution, folder: ResultsFolder) -> Outcome:
    """Write the forecast, backtest, leaderboard, report and chart atomically."""
    # Matplotlib takes most of a second to import: not for a run that fails, or is only followed.
    from stepcast.charting.drawing import draw
    from stepcast.cli.tuning_chart import draw_tuning, trials_of

    manifest = vintages.current(stack.s3, stack.bucket)
    if manifest is None or manifest.run != execution.run:
        raise Failure(f"run {execution.run} succeeded, but s3://{stack.bucket}/ contains no forecast from it")
    with folder.replaced() as fresh:
        for name, prefix in {
            "raw": layout.raw(layout.FORECAST, manifest.vintage),
            "clean": layout.clean(layout.FORECAST, manifest.vintage),
            "accuracy/forecasted-values": layout.accuracy(manifest.predictor, "forecasted-values"),
            "accuracy/accuracy-metrics-values": layout.accuracy(
                manifest.predictor, "accuracy-metrics-values"
            ),
            **(
                {
                    "levels": layout.levels(layout.FORECAST, manifest.vintage),
                    "accuracy/levels": layout.accuracy(manifest.predictor, tables.ACCURACY_LEVELS),
                }
                if manifest.levels_columns
                else {}
            ),
        }.items():
            _download(stack, prefix, fresh / name)
        keep_run(stack.s3, stack.bucket, manifest, fresh)
        board = kept(fresh, layout.accuracy(manifest.predictor, tables.LEADERBOARD))
        keys = key_columns(manifest)
        write_leaderboard(board, fresh / "leaderboard.csv", keys)
        (fresh / VALIDATION).write_text(_text(stack, layout.report(execution.run, "md")), encoding="utf-8")
        items = read_items(board, fresh / "raw", keys, output_columns(manifest), manifest.horizon)
        draw(largest_series(fresh, manifest, items, MOST_PANELS), fresh / "chart.png")
        if manifest.tuned is not None:
            trials = trials_of(stack.s3, stack.bucket, manifest.tuned)
            (fresh / "tuning.csv").write_bytes(csv_bytes(trials))
            draw_tuning(trials, manifest.tuned, fresh / "tuning.png")
        report = Report.from_json(_text(stack, layout.report(execution.run, "json")))
        return Outcome(manifest, report, items)


def _download(stack: Stack, prefix: str, folder: Path) -> None:
    folder.mkdir(parents=True)
    for key in objects.keys(stack.s3, stack.bucket, prefix):
        stack.s3.download_file(stack.bucket, key, str(folder / key.rpartition("/")[2]))


def _text(stack: Stack, key: str) -> str:
    return objects.read(stack.s3, stack.bucket, key).decode()


def _log(stack: Stack, function: str) -> str:
    """The last log lines of a function."""
    logs = stack.client("logs")
    try:
        events = logs.filter_log_events(logGroupName=f"/aws/lambda/{stack.function(function)}")["events"]
    except logs.exceptions.ResourceNotFoundException:
        events = []
    return "\n".join(event["message"].rstrip() for event in events[-20:]) or "nothing"
