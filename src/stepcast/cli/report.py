"""``stepcast report``: the current forecast as one file to pass on."""

from pathlib import Path
from typing import Annotated

import typer

from stepcast.cli.options import Endpoint
from stepcast.cli.output import print_line

__all__ = ["report"]


def report(
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", dir_okay=False, help="The HTML file to write.")
    ] = Path("report.html"),
    top: Annotated[
        int, typer.Option(min=1, max=200, metavar="N", help="How many items to show, the largest first.")
    ] = 20,
    endpoint: Endpoint = None,
) -> None:
    """Write the forecasts of the largest items, their accuracy and what changed to one HTML file.

    The file has everything in it and runs no script: it can be sent by mail and opened without a network.
    """
    if out.suffix.lower() not in (".html", ".htm"):
        raise typer.BadParameter(f"{out} does not end in .html", param_hint="--out")
    from stepcast.cli.current_forecast import current_vintage
    from stepcast.cli.stack import attach
    from stepcast.console.report import report_page

    stack = attach(endpoint)
    current_vintage(stack)  # or the message that there is none yet
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(report_page(stack.s3, stack.bucket, top), encoding="utf-8")
    print_line(str(out))
