"""``stepcast export``: the current forecast for other systems; one command per sink."""

import typer

from stepcast.cli.export_prometheus import prometheus

__all__ = ["export"]

export = typer.Typer(no_args_is_help=True)


@export.callback()
def _described() -> None:
    """Export the current forecast to another system."""


export.command()(prometheus)
