"""The commands together, and the one place where an expected failure becomes a message and an exit code."""

from typing import Any

import typer
from typer.core import TyperGroup

from stepcast.cli.chart import chart
from stepcast.cli.failure import explain
from stepcast.cli.invoke import invoke
from stepcast.cli.run import run
from stepcast.cli.sql import sql
from stepcast.cli.status import status
from stepcast.cli.up import up

__all__ = ["app"]


class Commands(TyperGroup):
    """Says an expected failure in a paragraph on stderr and exits 1; a defect keeps its traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except Exception as error:
            message = explain(error)
            if message is None:
                raise
            typer.echo(f"stepcast: {message}", err=True)
            raise typer.Exit(1) from None


app = typer.Typer(
    cls=Commands,
    help="Drop a CSV in a bucket; ask SQL for its P10, P50 and P90. Everything runs on this machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # an ordinary traceback is what a bug report needs
    context_settings={"help_option_names": ["-h", "--help"]},
)

for command in (run, up, invoke, sql, status, chart):
    app.command()(command)
