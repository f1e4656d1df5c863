"""Charts of forecasts: history, the fan between the outer quantiles, the median."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import matplotlib.dates as mdates
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from stepcast.charting.series import Charted, Tested
from stepcast.engine.arrays import Floats, Moments
from stepcast.engine.frequency import Frequency

__all__ = ["draw", "figure_of"]

DPI = 150
ALONE = (12.0, 5.0)  # inches, of one chart
PANEL = (7.0, 3.2)  # of one among several
FEW = 60  # points that are marked one by one
# Labels of ticks that are years, months, days, hours, minutes, seconds apart: a day always has its month.
TICKS = ["%Y", "%b %Y", "%d %b", "%H:%M", "%H:%M", "%H:%M:%S"]
FIRST_TICKS = ["", "%b %Y", "%d %b", "%d %b", "%H:%M", "%H:%M"]
CORNER = ["", "", "%Y", "%d %b %Y", "%d %b %Y", "%d %b %Y"]  # the rest of the date, below the axis
RHYTHMS = {
    "min": ("every minute", "minutes"),
    "H": ("hourly", "hours"),
    "D": ("daily", "days"),
    "W": ("weekly", "weeks"),
    "M": ("monthly", "months"),
    "Y": ("yearly", "years"),
}
INK, FORECAST, MEAN, TEST = "#30343b", "#0b6bcb", "#c2570c", "#2e7d4f"


def draw(series: Sequence[Charted], path: Path) -> None:
    """Write a PNG with one panel for each series."""
    with warnings.catch_warnings():
        # An item's name may use a script that the font lacks: the chart is still readable.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure_of(series).savefig(path, format="png")


def figure_of(series: Sequence[Charted]) -> Figure:
    """One panel for each series."""
    columns = 1 if len(series) == 1 else 2
    rows = -(-len(series) // columns)
    size = ALONE if len(series) == 1 else (PANEL[0] * columns, PANEL[1] * rows + 0.6)
    figure = Figure(figsize=size, dpi=DPI, layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel, charted in zip(panels, series, strict=False):
        _panel(panel, charted)
    for empty in panels[len(series) :]:
        empty.set_axis_off()
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=len(labels), frameon=False)
    return figure


def rhythm(frequency: Frequency) -> str:
    """A frequency in words.

    >>> rhythm(Frequency.parse("H")), rhythm(Frequency.parse("15min"))
    ('hourly', 'every 15 minutes')
    """
    single, plural = RHYTHMS[frequency.unit]
    return single if frequency.count == 1 else f"every {frequency.count} {plural}"


def _panel(axes: Axes, charted: Charted) -> None:
    lone = "." if len(charted.past) < FEW else None  # an observation between two gaps has no line
    axes.plot(charted.past, charted.history, color=INK, linewidth=1.1, marker=lone, label="history")
    for number, window in enumerate(charted.tested):
        _test(axes, window, "backtest" if not number else "")
    ahead, outputs = _with_width(charted)
    quantiles = sorted((name for name in outputs if name != "mean"), key=lambda name: int(name[1:]))
    bands = len(quantiles) // 2
    for depth, (low, high) in enumerate(zip(quantiles[:bands], quantiles[::-1], strict=False)):
        label = f"{low.upper()} to {high.upper()}"
        axes.fill_between(
            ahead, outputs[low], outputs[high], color=_shade(depth, bands), linewidth=0, label=label
        )
    if len(quantiles) % 2:
        middle = quantiles[len(quantiles) // 2]
        label = f"{middle.upper()}{' (median)' if middle == 'p50' else ''}"
        axes.plot(ahead, outputs[middle], color=FORECAST, linewidth=1.6, label=label)
    if "mean" in outputs:
        axes.plot(ahead, outputs["mean"], color=MEAN, linewidth=1.3, label="mean")
    axes.axvline(ahead[0], color=INK, linewidth=0.8, linestyle=(0, (4, 3)), alpha=0.6)
    axes.set_xlim(charted.past[0], ahead[-1])
    _furnish(axes, charted)


def _test(axes: Axes, window: Tested, label: str) -> None:
    """What was forecast for a window of the past, from what was known before the line at its start."""
    quantiles = sorted((name for name in window.outputs if name != "mean"), key=lambda name: int(name[1:]))
    if len(quantiles) > 1:
        low, high = window.outputs[quantiles[0]], window.outputs[quantiles[-1]]
        axes.fill_between(window.moments, low, high, color=TEST, alpha=0.15, linewidth=0)
    if quantiles:
        middle = window.outputs[quantiles[len(quantiles) // 2]]
        axes.plot(window.moments, middle, color=TEST, linewidth=1.3, label=label)
    axes.axvline(window.moments[0], color=TEST, linewidth=0.8, linestyle=(0, (4, 3)), alpha=0.6)


def _shade(depth: int, bands: int) -> tuple[float, float, float]:
    """The colour of a band: pale for the widest, stronger for each one inside it."""
    strength = 0.22 + 0.38 * depth / bands
    red, green, blue = (1 - strength * (1 - part) for part in to_rgb(FORECAST))
    return red, green, blue


def _with_width(charted: Charted) -> tuple[Moments, dict[str, Floats]]:
    """The forecast; that of a single period is extended to the period's end, so that its band is visible."""
    if len(charted.ahead) > 1:
        return charted.ahead, charted.outputs
    ahead = np.array([charted.ahead[0], charted.ahead[0] + (charted.ahead[0] - charted.past[-1])])
    return ahead, {name: np.repeat(values, 2) for name, values in charted.outputs.items()}


def _furnish(axes: Axes, charted: Charted) -> None:
    # An item's name may contain a $, which is not mathematics.
    axes.set_title(charted.title, loc="left", fontweight="bold", parse_math=False)
    axes.set_ylabel(charted.target, parse_math=False)
    axes.set_xlabel(f"timestamp ({rhythm(Frequency.parse(charted.frequency))})")
    locator = mdates.AutoDateLocator(minticks=4, maxticks=9)  # type: ignore[no-untyped-call]  # has no stubs
    formatter = mdates.ConciseDateFormatter(  # type: ignore[no-untyped-call]  # has no stubs
        locator, formats=TICKS, zero_formats=FIRST_TICKS, offset_formats=CORNER
    )
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(formatter)
    axes.grid(color=INK, alpha=0.12, linewidth=0.6, zorder=3)
    axes.set_axisbelow(False)
    axes.spines[["top", "right"]].set_visible(False)
    if _never_negative(charted):
        axes.set_ylim(bottom=0)


def _never_negative(charted: Charted) -> bool:
    tested = [values for window in charted.tested for values in window.outputs.values()]
    drawn: list[Floats] = [charted.history, *charted.outputs.values(), *tested]
    return all(not np.any(values < 0) for values in drawn)
