"""``stepcast export``: the current forecast for other systems. Each sink is a command of its own."""

import typer

from stepcast.cli.export_prometheus import prometheus

__all__ = ["export"]

export = typer.Typer(no_args_is_help=True)


@export.callback()
def _described() -> None:
    """Hand the current forecast to another system."""


export.command()(prometheus)
