"""``stepcast chart``: a picture of the current forecast."""

from pathlib import Path
from typing import Annotated

import typer

from stepcast.cli.options import Endpoint
from stepcast.cli.output import print_line

__all__ = ["MOST_PANELS", "chart"]

MOST_PANELS = 6


def chart(
    item: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help="The item to draw; by default, the six items with the largest forecasts."
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", dir_okay=False, help="The PNG file to write.")
    ] = Path("chart.png"),
    backtest: Annotated[
        bool, typer.Option("--backtest", help="Also what was forecast for the windows of the backtest.")
    ] = False,
    tuning: Annotated[
        bool, typer.Option("--tuning", help="The trials of the predictor's tuning instead of forecasts.")
    ] = False,
    endpoint: Endpoint = None,
) -> None:
    """Draw an item's history and forecast as a PNG, with the median and the bands between the quantiles."""
    if tuning and (item is not None or backtest):
        raise typer.BadParameter("leave out --item and --backtest", param_hint="--tuning")
    if out.suffix.lower() != ".png":
        raise typer.BadParameter(f"{out} does not end in .png; charts are PNG files", param_hint="--out")
    from stepcast.charting.drawing import draw
    from stepcast.cli.chart_data import chart_series
    from stepcast.cli.stack import attach

    stack = attach(endpoint)
    out.parent.mkdir(parents=True, exist_ok=True)
    if tuning:
        from stepcast.cli.tuning_chart import chart_tuning

        chart_tuning(stack, out)
    else:
        draw(chart_series(stack, item, MOST_PANELS, backtest), out)
    print_line(str(out))
