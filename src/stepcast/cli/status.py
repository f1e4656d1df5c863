"""``stepcast status``: executions, failures, the current forecast, messages, or one item."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stepcast.cli.options import Endpoint, Json
from stepcast.cli.output import cell, clock, duration, plural, print_json, print_line, stdout, table

if TYPE_CHECKING:
    from stepcast.cli.executions import Execution
    from stepcast.cli.reasons import Reasons
    from stepcast.cli.situation import Situation
    from stepcast.cli.stack import Stack
    from stepcast.pipeline.vintages import Manifest

__all__ = ["status"]

MESSAGES_SHOWN = 5


def status(
    last: Annotated[int, typer.Option(min=1, help="Number of executions to show, newest first.")] = 10,
    item: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Show how this item's forecast was produced instead."),
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="First wait until the run for the current input has ended.")
    ] = False,
    as_json: Json = False,
    endpoint: Endpoint = None,
) -> None:
    """Show the executions with their state or failure, the current forecast, and the messages.

    With --item: show how an item's forecast was produced, and its backtest accuracy.
    """
    from stepcast.cli.reasons import reasons
    from stepcast.cli.situation import look
    from stepcast.cli.stack import attach

    stack = attach(endpoint)
    if wait:
        _wait(stack, quiet=as_json)
    if item is not None:
        manifest, series = reasons(stack, item)
        if as_json:
            rows = [{**one.key, **one.figures, "ratio": one.ratio} for one in series]
            print_json({"vintage": manifest.vintage, "series": rows})
        else:
            _print_reasons(manifest, series)
        return
    situation = look(stack, last)
    if as_json:
        print_json(_document(situation))
    else:
        _print(situation)


def _wait(stack: "Stack", quiet: bool) -> None:
    """Show the progress of the run for the bucket's current input, until it has ended."""
    from stepcast.cli.executions import newest_first
    from stepcast.cli.forecast_once import follow
    from stepcast.cli.progress import display
    from stepcast.cli.step_event import present_input

    run = present_input(stack)
    attempts = [arn for arn in newest_first(stack) if arn.rpartition(":")[2].partition("-")[0] == run]
    first = f"{stack.state_machine.replace(':stateMachine:', ':execution:')}:{run}"
    with display(quiet) as shown:
        for execution in follow(stack, attempts[0] if attempts else first):
            shown.show(execution)


def _print(situation: "Situation") -> None:
    print_line(f"{situation.endpoint}, bucket {situation.bucket}")
    if manifest := situation.manifest:
        print_line(
            f"Current forecast: vintage {manifest.vintage}, {plural(manifest.items, 'item')}, "
            f"{manifest.first} to {manifest.last}"
        )
        if manifest.tuned:
            print_line(f"Tuned: {manifest.tuned.told}")
    else:
        print_line("Current forecast: none yet")
    print_line("")
    if not situation.executions:
        print_line(f"No runs yet: upload params.json and train/*.csv to s3://{situation.bucket}/")
        return
    shown = table(None, "started", "run", "status", "state", "took", numbers=("took",))
    for execution in situation.executions:
        shown.add_row(*map(cell, _row(execution)))
    stdout().print(shown)
    if situation.failure:
        print_line("")
        print_line(situation.failure)
    if situation.messages:
        print_line("\nMessages:")
        for message in situation.messages[-MESSAGES_SHOWN:]:
            print_line(f"  {clock(datetime.fromisoformat(message.when))}  {message.subject}")


def _print_reasons(manifest: "Manifest", series: list["Reasons"]) -> None:
    print_line(f"Forecast of vintage {manifest.vintage}")
    for one in series:
        print_line("")
        print_line(" · ".join(one.key.values()))
        for name, text in _told(manifest, one).items():
            if text:
                print_line(f"  {name:<9} {text}")


def _told(manifest: "Manifest", one: "Reasons") -> dict[str, str | None]:
    """The facts about a series, by name; None if not available."""
    row, ratio, score = one.figures, one.ratio, one.figures["score"]
    backtest = "no window could be evaluated" if score is None else f"{row['metric']} {score:.4g}"
    if ratio is not None:
        backtest += (
            f"; wQL {row['wql']:.4g}, {ratio:.2f} times that of seasonal naive, "
            f"{row['wql_seasonal_naive']:.4g}"
        )
    covered = None
    if row["coverage"] is not None:
        low, high = _outer_quantiles(manifest)
        covered = (
            f"{row['coverage']:.0%} of the outcomes fell between p{low} and p{high}; the target is "
            f"{high - low}%"
        )
    return {
        "model": row["model"],
        "weights": row["weights"],
        "sources": row["sources"],
        "impacts": row.get("impacts"),
        "seasons": row["seasons"],
        "backtest": backtest,
        "coverage": covered,
        "note": row["note"],
    }


def _outer_quantiles(manifest: "Manifest") -> tuple[int, int]:
    """The lowest and the highest forecast percentile."""
    outputs = [name for name, kind in manifest.wide_columns.items() if kind == "double"]
    asked = [int(name.removeprefix("p")) for name in outputs if name != "mean"]
    return min(asked), max(asked)


def _row(execution: "Execution") -> tuple[str, ...]:
    state = execution.state if execution.status != "SUCCEEDED" else None
    return (
        clock(execution.started),
        execution.short_name,
        execution.status.lower(),
        state or "",
        duration(execution.seconds),
    )


def _document(situation: "Situation") -> dict[str, Any]:
    tuned = situation.manifest.tuned if situation.manifest else None
    return {
        "endpoint": situation.endpoint,
        "bucket": situation.bucket,
        "vintage": situation.manifest.vintage if situation.manifest else None,
        "tuned": tuned.model_dump() if tuned else None,
        "executions": [
            {
                "name": execution.name,
                "run": execution.run,
                "status": execution.status,
                "state": execution.state,
                "started": execution.started,
                "stopped": execution.stopped,
                "seconds": execution.seconds,
                "error": execution.error,
                "cause": execution.cause,
                "states": [
                    {
                        "state": visit.state,
                        "seconds": visit.seconds,
                        "done": visit.done,
                        "total": visit.total,
                        "note": visit.note,
                    }
                    for visit in execution.states
                ],
            }
            for execution in situation.executions
        ],
        "report": situation.report,
        "messages": [
            {"when": m.when, "topic": m.topic, "subject": m.subject, "body": m.body}
            for m in situation.messages
        ],
    }
