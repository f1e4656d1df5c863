"""``stepcast export``: the current forecast, or an item's model, for other systems; one command each."""

import typer

from stepcast.cli.export_model import onnx, pmml
from stepcast.cli.export_prometheus import prometheus

__all__ = ["export"]

export = typer.Typer(no_args_is_help=True)


@export.callback()
def _described() -> None:
    """Export the current forecast, or the model of one item, to another system."""


export.command()(prometheus)
export.command()(pmml)
export.command()(onnx)
