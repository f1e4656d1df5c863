"""``stepcast track``: log finished runs to other systems; one command per system."""

import typer

from stepcast.cli.track_mlflow import mlflow

__all__ = ["track"]

track = typer.Typer(no_args_is_help=True)


@track.callback()
def _described() -> None:
    """Log finished runs to another system."""


track.command()(mlflow)
