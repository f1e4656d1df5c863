"""``stepcast drift``: whether new values still resemble those that the predictor was trained on."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from stepcast.cli.options import Endpoint, Json
from stepcast.cli.output import cell, plural, print_json, print_line, stdout, table

if TYPE_CHECKING:
    from stepcast.cli.drift_report import DriftReport

__all__ = ["drift"]


def drift(
    limit: Annotated[int, typer.Option(min=1, help="The most rows that the tables show.")] = 20,
    as_json: Json = False,
    endpoint: Endpoint = None,
) -> None:
    """Show which items drifted before the current forecast was made, since when, and what to do.

    Also show how earlier forecasts turned out, by lead.
    """
    from stepcast.cli.drift_report import drift_report
    from stepcast.cli.stack import attach

    report = drift_report(attach(endpoint))
    if as_json:
        print_json(report.document())
    else:
        _print(report, limit)


def _print(report: "DriftReport", limit: int) -> None:
    print_line(f"Forecast of vintage {report.vintage}")
    if report.summary is None:
        print_line("Drift is unknown, because MonitorDrift failed: see `stepcast logs MonitorDrift`")
        return
    print_line(report.summary.model_copy(update={"largest": ()}).paragraph())
    for title, severity in (("Drift", "drift"), ("New or vanished", "notice")):
        rows = [row for row in report.found if row["severity"] == severity]
        if rows:
            columns = [*report.keys, "kind", "test", "since", "detail", "advice"]
            _print_table(title, [name for name in columns if any(row[name] for row in rows)], rows, limit)
    if report.leads:
        print_line("")
        shown = table("How forecasts turned out, by lead", *_LEADS, numbers=_LEADS)
        for row in report.leads[:limit]:
            shown.add_row(*(_figure(row[name]) for name in _LEADS))
        stdout().print(shown)
        _say_more(len(report.leads), limit, "lead")


_LEADS = ("lead", "outcomes", "wql", "wape", "coverage", "bias")


def _print_table(title: str, columns: list[str], rows: list[dict[str, Any]], limit: int) -> None:
    print_line("")
    shown = table(title, *columns)
    for row in rows[:limit]:
        shown.add_row(*(cell("" if row[name] is None else row[name]) for name in columns))
    stdout().print(shown)
    _say_more(len(rows), limit, "row")


def _figure(value: Any) -> Any:
    return cell(f"{value:.3g}" if isinstance(value, float) else value)


def _say_more(count: int, limit: int, noun: str) -> None:
    if count > limit:
        print_line(f"and {plural(count - limit, noun)} more: --limit N shows them, --json all")
