"""``stepcast invoke``: one function with one event, without Docker."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stepcast.cli.completion import complete
from stepcast.cli.function_names import find_function, short, snake
from stepcast.cli.options import Endpoint, Json, ProjectFolder
from stepcast.cli.output import print_json, stderr

if TYPE_CHECKING:
    from stepcast.cli.project import Project
    from stepcast.cli.stack import Stack
    from stepcast.pipeline.run import Run

__all__ = ["invoke"]


def invoke(
    function: Annotated[
        str,
        typer.Argument(
            metavar="STEP",
            help="The step: TrainPredictor, TrainPredictorFunction or train_predictor.",
            autocompletion=complete,
        ),
    ],
    event: Annotated[
        str | None,
        typer.Option(
            "--event",
            "-e",
            metavar="FILE",
            help="JSON file with the event; - for stdin. By default, it is built from the current input.",
        ),
    ] = None,
    with_earlier: Annotated[
        bool, typer.Option("--with-earlier", help="First run the earlier steps whose results are missing.")
    ] = False,
    shard: Annotated[int, typer.Option(min=0, help="The shard to process, if the event is built.")] = 0,
    as_json: Json = False,
    endpoint: Endpoint = None,
    project: ProjectFolder = None,
) -> None:
    """Run one step; print its result to stdout and its log to stderr.

    If `stepcast up` is running, the step runs there on the contents of the bucket. Otherwise, it runs in a
    temporary stack with the checkout's params.json and testing-data/, after the earlier steps have run.
    """
    payload = _read(event) if event is not None else None
    from stepcast.cli.earlier_steps import compile_for
    from stepcast.cli.failure import Failure
    from stepcast.cli.invocation import call
    from stepcast.cli.log_lines import is_worth_reading, readable
    from stepcast.cli.prepared import prepared
    from stepcast.cli.project import Project
    from stepcast.cli.stack import attach, is_running
    from stepcast.cli.step_event import event_for
    from stepcast.cli.stopping import unwinding

    def say(text: str) -> None:
        if not as_json:
            stderr().print(text, markup=False)

    template = Project.find(project)
    if endpoint or is_running():
        stack = attach(endpoint)
        step = stack.logical_id(function)
        if payload is None:
            payload = event_for(stack, template, step, shard)
        _ready(stack, template, step, payload, event, with_earlier, say)
        compile_for(stack, [step], say)
        invocation = call(stack, step, payload)
    else:
        step = find_function(function, template.functions())
        _ = template.train  # reports missing files immediately
        say("no stack is running: starting a temporary one for this step, with the sample input")
        with unwinding(), prepared(template, step, say) as stack:
            if payload is None:
                payload = event_for(stack, template, step, shard)
            compile_for(stack, [step], say)
            invocation = call(stack, step, payload)
    if as_json:
        print_json(
            {
                "function": step,
                "event": payload,
                "result": invocation.result,
                "error": invocation.error,
                "log": invocation.log,
            }
        )
    else:
        for line in filter(is_worth_reading, invocation.log.splitlines()):
            sys.stderr.write(readable(line) + "\n")
        if invocation.error is None:
            print_json(invocation.result)
    if invocation.error is not None:
        raise Failure(invocation.error)


def _ready(
    stack: "Stack",
    project: "Project",
    step: str,
    payload: Any,
    file: str | None,
    with_earlier: bool,
    say: Callable[[str], None],
) -> None:
    """Ensure that the step finds its input; Failure with what is missing."""
    from stepcast.cli.earlier_steps import (
        check_input,
        missing_before,
        run_steps,
        shards_of,
    )
    from stepcast.cli.failure import Failure
    from stepcast.cli.step_event import remember, run_in

    run = run_in(payload)
    if run is None or step not in project.steps():
        return  # of StartExecution, or a custom event
    if run.bucket != stack.bucket:
        raise Failure(
            f"{file} is for the bucket {run.bucket}, but this stack's bucket is {stack.bucket}: omit --event "
            "to build the event from its contents"
        )
    shard = payload.get("shard") if isinstance(payload.get("shard"), int) else None
    missing = missing_before(stack, project, step, run, shard)
    if missing:
        if not with_earlier and step != "CleanupFunction":  # there may be nothing to clean up
            _refuse(step, missing[0], run, file)
        if file is not None and with_earlier:
            check_input(stack, run, file)
    if not with_earlier:
        missing = []
    if missing:
        remember(stack, run)
    run_steps(stack, project, missing, run, say)
    if shard is not None and (count := len(shards_of(stack, run))) > 1:
        say(
            f"processing shard {shard} of 0 to {count - 1}; the state machine runs the step once for each "
            "shard"
        )


def _refuse(step: str, first: str, run: "Run", file: str | None) -> None:
    from stepcast.cli.failure import Failure

    sibling = Path(file).with_name(f"{snake(first)}.json") if file not in (None, "-") else None
    with_event = f" -e {sibling}" if sibling and sibling.is_file() else ""
    again = f" -e {file}" if file is not None else ""
    raise Failure(
        f"{short(step)} needs the results of {short(first)}, which do not exist for run {run.run[:12]} and "
        f"vintage {run.vintage}. Run that step first:\n\n  stepcast invoke {short(first)}{with_event}\n\n"
        f"or run all missing steps:\n\n  stepcast invoke {short(step)}{again} --with-earlier"
    )


def _read(event: str) -> Any:
    try:
        text = sys.stdin.read() if event == "-" else Path(event).read_text("utf-8")
        return json.loads(text)
    except FileNotFoundError:
        raise typer.BadParameter(f"the file {event} does not exist", param_hint="--event") from None
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{event} cannot be read: {error}", param_hint="--event") from None
    except json.JSONDecodeError as error:
        where = "stdin" if event == "-" else event
        raise typer.BadParameter(f"{where} is not JSON: {error}", param_hint="--event") from None
