"""All commands, and the one place where an expected failure becomes a message and an exit code."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from stepcast.cli.chart import chart
from stepcast.cli.console import console
from stepcast.cli.down import down
from stepcast.cli.drift import drift
from stepcast.cli.export import export
from stepcast.cli.failure import Failure, explain
from stepcast.cli.init import init
from stepcast.cli.invoke import invoke
from stepcast.cli.lineage import lineage
from stepcast.cli.logs import logs
from stepcast.cli.pull import pull
from stepcast.cli.report import report
from stepcast.cli.run import run
from stepcast.cli.settings import FILE, settings
from stepcast.cli.sql import sql
from stepcast.cli.status import status
from stepcast.cli.stream import stream
from stepcast.cli.track import track
from stepcast.cli.up import up
from stepcast.cli.validate import validate

__all__ = ["app"]


DEFECT = (
    "stepcast: this is a bug in Stepcast, not a problem in your input. Please report it with the lines "
    "above; see Internal errors in docs/how-to/operate.md for what else to send."
)


class Commands(TyperGroup):
    """Prints an expected failure as a paragraph on stderr and exits with 1; a bug keeps its traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except Exception as error:
            message = explain(error)
            if message is None:
                error.add_note(DEFECT)
                raise
            typer.echo(f"stepcast: {message}", err=True)
            raise typer.Exit(error.code if isinstance(error, Failure) else 1) from None


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # a bug report needs an ordinary traceback
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"stepcast {version('stepcast')}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Drop a CSV in a bucket; query its P10, P50 and P90 forecasts with SQL, all on this machine."""
    del version  # its callback has ended the process
    if context.invoked_subcommand in ("up", "down"):
        context.default_map = settings(Path(FILE))


for command in (
    run,
    validate,
    init,
    up,
    down,
    invoke,
    logs,
    sql,
    status,
    drift,
    chart,
    report,
    console,
    lineage,
    stream,
):
    app.command()(command)
app.add_typer(pull, name="pull")
app.add_typer(export, name="export")
app.add_typer(track, name="track")
