"""``stepcast pull``: write series of other systems to files that a run reads; one command per source."""

import typer

from stepcast.cli.pull_kafka import kafka
from stepcast.cli.pull_prometheus import prometheus

__all__ = ["pull"]

pull = typer.Typer(no_args_is_help=True)


@pull.callback()
def _described() -> None:
    """Write series of another system to files, on this machine or in a bucket."""


pull.command()(prometheus)
pull.command()(kafka)
