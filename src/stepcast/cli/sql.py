"""``stepcast sql``: ask the running stack through Athena's API."""

import csv
import sys
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from stepcast.cli.options import Endpoint
from stepcast.cli.output import cell, print_json, stderr, stdout, table

if TYPE_CHECKING:
    from stepcast.cli.query import Result

__all__ = ["sql"]


def sql(
    query: Annotated[
        str, typer.Argument(metavar="QUERY", help='The query, for example "SELECT * FROM forecast".')
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print every row, as a JSON list of objects.")
    ] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print every row, as CSV; NULL is empty.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="Maximum number of rows in the table.")] = 100,
    endpoint: Endpoint = None,
) -> None:
    """Query the running stack with SQL, through the API that all Athena clients use.

    The tables are train, forecast, forecast_wide, forecast_history, accuracy, leaderboard, lineage,
    monitor and drift.
    """
    if as_json and as_csv:
        raise typer.BadParameter("--json and --csv are mutually exclusive: choose one")
    from stepcast.cli.query import ask
    from stepcast.cli.stack import attach

    result = ask(attach(endpoint), query)
    if as_json:
        print_json(result.records())
    elif as_csv:
        _print_csv(result)
    else:
        _print_table(result, limit)


def _print_csv(result: "Result") -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    if result.columns:
        writer.writerow(column.name for column in result.columns)
    writer.writerows(result.rows)


def _print_table(result: "Result", limit: int) -> None:
    if not result.columns:
        stderr().print("done; the statement has no rows")
        return
    numbers = tuple(column.name for column in result.columns if column.is_number)
    shown = table(None, *(column.name for column in result.columns), numbers=numbers)
    for row in islice(result.rows, limit):
        shown.add_row(*map(cell, row))
    stdout().print(shown)
    if next(result.rows, None) is not None:
        stderr().print(
            f"only the first {limit} rows; --limit N shows more, --csv and --json print all", markup=False
        )
    elif not shown.row_count:
        stderr().print("no rows")
