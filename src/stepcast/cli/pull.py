"""``stepcast pull``: series from other systems as files for a run; each source is a command."""

import typer

from stepcast.cli.pull_kafka import kafka
from stepcast.cli.pull_prometheus import prometheus

__all__ = ["pull"]

pull = typer.Typer(no_args_is_help=True)


@pull.callback()
def _described() -> None:
    """Write series from another system to files, in a local folder or a bucket."""


pull.command()(prometheus)
pull.command()(kafka)
