"""``stepcast init``: generate a params.json for files."""

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stepcast.cli.input_files import sorted_out
from stepcast.cli.options import Json
from stepcast.cli.output import cell, print_json, print_line, stdout, table

if TYPE_CHECKING:
    from stepcast.drafting.draft import Draft
    from stepcast.drafting.sample import Sample
    from stepcast.pipeline.problems import Report

__all__ = ["init"]

SHOWN_PROBLEMS = 5
HEADER = "V03"  # warns of a header, which the user knows about
CHECKED = 200_000_000  # bytes: larger files are left to `stepcast validate`


def init(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="CSV...",
            exists=True,
            dir_okay=False,
            readable=True,
            help="Files with the history: .csv, .csv.gz or .parquet.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The file to write.")] = Path(
        "params.json"
    ),
    item: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="Column that identifies the item; repeat for several columns."),
    ] = None,
    time: Annotated[str | None, typer.Option(metavar="COLUMN", help="Column with the timestamp.")] = None,
    time_format: Annotated[
        str | None, typer.Option(metavar="FORMAT", help="Format of the timestamps, such as dd/MM/yyyy HH:mm.")
    ] = None,
    time_zone: Annotated[
        str | None, typer.Option(metavar="NAME", help="Time zone of local time, such as Europe/Berlin.")
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN", help="Column to forecast; repeat for several columns, each a series of its own."
        ),
    ] = None,
    wide: Annotated[
        bool,
        typer.Option("--wide", help="Every column of numbers is a series, or a period named by its date."),
    ] = False,
    frequency: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Frequency of the forecast: 15min, H, D, W, M...")
    ] = None,
    horizon: Annotated[
        int | None, typer.Option(metavar="N", min=1, max=500, help="Number of periods to forecast.")
    ] = None,
    domain: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Domain of the dataset group: RETAIL, METRICS, CUSTOM..."),
    ] = None,
    convert: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Also write the rows to this file, in the format that the import reads."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite existing files.")] = False,
    as_json: Json = False,
) -> None:
    """Generate a params.json for files, and list the assumptions and how to change them.

    Give a column by its name or, if the file has no header, by its position: 1, 2, 3.
    """
    sorted_out({"CSV": files})
    from zoneinfo import available_timezones

    from stepcast.cli.failure import Failure
    from stepcast.drafting.conversion import convert as rewrite
    from stepcast.drafting.conversion import converted_params
    from stepcast.drafting.draft import Wishes, draft, long_form
    from stepcast.drafting.sample import ONE_ITEM, sample_of
    from stepcast.engine.frequency import Frequency
    from stepcast.pipeline.domains import DOMAINS

    if time_zone is not None and time_zone not in available_timezones():
        raise typer.BadParameter("no such time zone", param_hint="--time-zone")
    if domain is not None and domain not in DOMAINS:
        raise typer.BadParameter(f"choose one of {', '.join(DOMAINS)}", param_hint="--domain")
    if frequency is not None:
        try:
            Frequency.parse(frequency)
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint="--frequency") from None
    if wide and target:
        raise typer.BadParameter("takes all columns of numbers: leave it out to choose", param_hint="--wide")
    for path in (out, convert):
        if path is not None and path.exists() and any(path.samefile(file) for file in files):
            raise Failure(f"{path} is an input file: choose another name")
        if path is not None and path.exists() and not force:
            raise Failure(f"{path} already exists: choose another name, or add --force to overwrite it")
    wishes = Wishes(
        time,
        tuple(dict.fromkeys(target or ())),
        tuple(item or ()),
        frequency,
        horizon,
        domain,
        time_format,
        time_zone,
        wide,
    )
    sample, wishes = long_form(sample_of(files), wishes)
    given = _given(
        {
            "item": item,
            "time": time,
            "time_format": time_format,
            "time_zone": time_zone,
            "target": target,
            "wide": wide,
            "frequency": frequency,
            "horizon": horizon,
            "domain": domain,
        }
    )
    made = draft(sample, wishes)
    params, train = made.params, files
    if convert is not None:
        convert.unlink(missing_ok=True)
        rewrite(sample, made, convert)
        params, train = converted_params(made), [convert]
    out.write_text(json.dumps(params, indent=2) + "\n", encoding="utf-8")
    nameless = not made.roles.items and convert is None
    report = _check(out, train, ONE_ITEM if nameless else None)
    if not sample.whole and report is not None and (read := report.summary) and read.first and read.last:
        made = draft(sample, wishes, (read.first, read.last))
        params = made.params if convert is None else converted_params(made)
        out.write_text(json.dumps(params, indent=2) + "\n", encoding="utf-8")
    if as_json:
        print_json(_document(out, made, train, report))
    else:
        _print(out, sample, made, train, convert is not None, report, given)


def _given(options: Mapping[str, str | list[str] | int | bool | None]) -> list[str]:
    """The options of a command line, as they were given.

    >>> _given({"target": ["a", "b"], "time": None, "time_format": "d/M/yyyy", "wide": True})
    ['--target', 'a', '--target', 'b', '--time-format', 'd/M/yyyy', '--wide']
    """
    words = []
    for name, value in options.items():
        option = f"--{name.replace('_', '-')}"
        if value is True:
            words.append(option)
        elif value:
            values = value if isinstance(value, list) else [value]
            words += [word for one in values for word in (option, str(one))]
    return words


def _check(params: Path, train: list[Path], item: str | None) -> "Report | None":
    """The import's report on the files with these parameters; None if they are too large to try."""
    if sum(file.stat().st_size for file in train) > CHECKED:
        return None
    from stepcast.cli.checking import check_files

    return check_files(params, {"train/": train}, item)


def _document(out: Path, made: "Draft", train: list[Path], report: "Report | None") -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "params": str(out),
        "train": [str(file) for file in train],
        "assumed": [asdict(assumption) for assumption in made.assumptions],
        "obstacles": list(made.obstacles),
        "report": json.loads(report.to_json()) if report is not None else None,
    }


def _print(
    out: Path,
    sample: "Sample",
    made: "Draft",
    train: list[Path],
    converted: bool,
    report: "Report | None",
    options: list[str],
) -> None:
    from stepcast.cli.problem_lines import problem_lines
    from stepcast.drafting.sample import ONE_ITEM

    named = shlex.join(map(str, sample.files))
    print_line(f"Wrote {out} for {named}. Assumptions:")
    print_line("")
    shown = table(None, "setting", "value", "reason", "change with")
    for one in made.assumptions:
        shown.add_row(*map(cell, (one.what, one.value, one.why, one.change)))
    stdout().print(shown)
    print_line("")
    if converted:
        print_line(f"Wrote {train[0]}, with the rows in the format that the import reads.")
    if report is not None and report.errors:
        if made.obstacles and not converted:
            print_line(f"{named} cannot be imported directly: {'; '.join(made.obstacles)}.")
            rewritten = shlex.join([*options, "--out", str(out), "--convert", "train.csv", "--force"])
            print_line(f"Convert it with: stepcast init {named} {rewritten}")
        else:
            print_line("\n".join(problem_lines(report, "error", SHOWN_PROBLEMS)))
        return
    if report is not None:
        print_line(f"Read: {report.summary}")
        for note in report.notes:
            print_line(f"Note: {note}")
        warnings = [problem for problem in report.problems if problem.rule != HEADER]
        for problem in warnings[:SHOWN_PROBLEMS]:
            print_line(f"- {problem}")
    item = [] if made.roles.items or converted else ["--item", ONE_ITEM]
    given = ["--params", str(out), "--train", *map(str, train), *item, "--out", "forecast/"]
    print_line(f"Forecast it with: stepcast run {shlex.join(given)}")
