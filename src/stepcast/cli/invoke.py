"""``stepcast invoke``: one function with one event, without Docker."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from stepcast.cli.options import Endpoint, Json, ProjectFolder
from stepcast.cli.output import print_json

__all__ = ["invoke"]


def invoke(
    function: Annotated[
        str, typer.Argument(metavar="FUNCTION", help="Its logical id: TrainPredictorFunction.")
    ],
    event: Annotated[
        str,
        typer.Option("--event", "-e", metavar="FILE", help="The event, a JSON file; - reads it from stdin."),
    ],
    as_json: Json = False,
    endpoint: Endpoint = None,
    project: ProjectFolder = None,
) -> None:
    """Run one step: print its result, and its log on stderr.

    Where `stepcast up` runs, the function runs there. Otherwise a stack is made for it, with the project's
    params.json and testing-data/, in which the steps before have run: what the events of events/ ask for.
    """
    payload = _read(event)
    from stepcast.cli.failure import Failure
    from stepcast.cli.invocation import call, prepared
    from stepcast.cli.project import Project
    from stepcast.cli.running import living
    from stepcast.cli.stack import attach

    if endpoint or living():
        invocation = call(attach(endpoint), function, payload)
    else:
        with prepared(Project.find(project), function) as stack:
            invocation = call(stack, function, payload)
    if as_json:
        print_json(
            {
                "function": function,
                "result": invocation.result,
                "error": invocation.error,
                "log": invocation.log,
            }
        )
    else:
        sys.stderr.write(invocation.log)
        if invocation.error is None:
            print_json(invocation.result)
    if invocation.error is not None:
        raise Failure(invocation.error)


def _read(event: str) -> Any:
    try:
        text = sys.stdin.read() if event == "-" else Path(event).read_text("utf-8")
        return json.loads(text)
    except FileNotFoundError:
        raise typer.BadParameter(f"there is no file {event}", param_hint="--event") from None
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{event} cannot be read: {error}", param_hint="--event") from None
    except json.JSONDecodeError as error:
        where = "stdin" if event == "-" else event
        raise typer.BadParameter(f"{where} is not JSON: {error}", param_hint="--event") from None
