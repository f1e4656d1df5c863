"""``stepcast logs``: the logs of the running stack's functions."""

import re
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stepcast.cli.completion import complete
from stepcast.cli.function_names import short
from stepcast.cli.log_lines import is_worth_reading, readable
from stepcast.cli.options import Endpoint
from stepcast.cli.output import cell, clock, print_json, print_line, stderr, stdout, table

if TYPE_CHECKING:
    from stepcast.cli.stack import Stack

__all__ = ["logs"]

LOOK_SECONDS = 0.5
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def logs(
    function: Annotated[
        str | None,
        typer.Argument(
            metavar="[FUNCTION]",
            help="TrainPredictor or train_predictor; by default, the last line of every function.",
            autocompletion=complete,
        ),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Keep printing new lines until Ctrl-C.")
    ] = False,
    since: Annotated[str, typer.Option(metavar="AGE", help="How far to look back: 30s, 10m, 2h, 1d.")] = "1h",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per line, as in CloudWatch.")
    ] = False,
    endpoint: Endpoint = None,
) -> None:
    """Show a function's log; with -f, keep following it."""
    begin = _begin(since)
    if follow and function is None:
        raise typer.BadParameter("name the function to follow", param_hint="FUNCTION")
    from stepcast.cli.stack import attach

    stack = attach(endpoint)
    if function is None:
        _print_overview(stack, as_json)
        return
    group = f"/aws/lambda/{stack.function(function)}"
    with suppress(KeyboardInterrupt):
        shown = 0
        for event in _events(stack, group, begin, follow):
            shown += 1
            if as_json:
                print_json(event, indent=None)
            elif is_worth_reading(event["message"]):
                print_line(f"{_time(event)}  {readable(event['message'])}")
        if not shown and not as_json:
            stderr().print(
                f"no log lines within the last {since}; use --since 1d to look further back", markup=False
            )


def _begin(since: str) -> datetime:
    """The start of that time span."""
    match = re.fullmatch(r"(\d{1,6})([smhd])", since.strip())
    if match is None:
        raise typer.BadParameter(
            f"{since!r} is not a valid age: write 30s, 10m, 2h or 1d", param_hint="--since"
        )
    return datetime.now(UTC) - timedelta(**{UNITS[match[2]]: int(match[1])})


def _events(stack: "Stack", group: str, begin: datetime, follow: bool) -> Iterator[dict[str, Any]]:
    """The events of a log group from ``begin`` on, in order; with ``follow``, also new ones, forever."""
    client, start = stack.client("logs"), int(begin.timestamp() * 1000)
    told: set[str] = set()  # of the last millisecond: more may arrive with the same time
    while True:
        for event in _page(client, group, start):
            if event["eventId"] not in told:
                if event["timestamp"] > start:
                    start, told = event["timestamp"], set()
                told.add(event["eventId"])
                yield event
        if not follow:
            return
        time.sleep(LOOK_SECONDS)


def _page(client: Any, group: str, start: int) -> list[dict[str, Any]]:
    pages = client.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=start)
    try:
        return [event for page in pages for event in page["events"]]
    except client.exceptions.ResourceNotFoundException:
        return []  # it has not run yet


def _print_overview(stack: "Stack", as_json: bool) -> None:
    last = {name: _last(stack, f"/aws/lambda/{stack.function(name)}") for name in stack.functions}
    if as_json:
        rows = [
            {"function": name, "when": event and _moment(event), "message": event and event["message"]}
            for name, event in last.items()
        ]
        print_json(rows)
        return
    shown = table(None, "function", "when", "last line")
    for name, event in last.items():
        when, text = (clock(_moment(event)), readable(event["message"])) if event else ("", "not run yet")
        shown.add_row(*map(cell, (short(name), when, text.partition("\n")[0])))
    stdout().print(shown)


def _last(stack: "Stack", group: str) -> dict[str, Any] | None:
    """The last line written by the function itself."""
    events = _page(stack.client("logs"), group, 0)
    own = (event for event in reversed(events) if not re.match("(START|END|REPORT) ", event["message"]))
    return next(own, None)


def _moment(event: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(event["timestamp"] / 1000, UTC)


def _time(event: dict[str, Any]) -> str:
    return f"{_moment(event).astimezone():%H:%M:%S}"
