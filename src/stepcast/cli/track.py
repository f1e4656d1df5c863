"""``stepcast track``: finished runs for systems that keep a record; each is a command of its own."""

import typer

from stepcast.cli.track_mlflow import mlflow

__all__ = ["track"]

track = typer.Typer(no_args_is_help=True)


@track.callback()
def _described() -> None:
    """Log finished runs to another system."""


track.command()(mlflow)
