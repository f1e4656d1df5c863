"""Charts of tuning: the trials one after another, what mattered, and which parameters went together."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from stepcast.cli.current_forecast import current_vintage
from stepcast.cli.failure import Failure
from stepcast.cli.stack import Stack
from stepcast.pipeline import layout, objects
from stepcast.pipeline.csv_files import read_parquet
from stepcast.pipeline.tuned import TunedParameters

__all__ = ["chart_tuning", "draw_tuning", "trials_of"]

DPI = 150
SIZE = (12.0, 8.0)  # inches
INK, DONE, GIVEN_UP, BEST = "#30343b", "#0b6bcb", "#9aa1ac", "#c2570c"
COLOURS = "viridis"
LABEL = {"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 1.0}
WIDE = 10  # an axis is logarithmic where its largest value is so many times its smallest


def trials_of(s3: Any, bucket: str, tuned: TunedParameters) -> pa.Table:
    """The trials that the parameters were chosen from, in order."""
    return read_parquet(objects.read(s3, bucket, layout.tuning(tuned.predictor)))


def chart_tuning(stack: Stack, path: Path) -> None:
    """Write a PNG of the current predictor's tuning; Failure where it was not tuned."""
    manifest = current_vintage(stack)
    if manifest.tuned is None:
        raise Failure("the current predictor was not tuned: set PerformHPO to true in params.json")
    draw_tuning(trials_of(stack.s3, stack.bucket, manifest.tuned), manifest.tuned, path)


def draw_tuning(trials: pa.Table, tuned: TunedParameters, path: Path) -> None:
    """Write a PNG with three panels: history, importances, and parallel coordinates."""
    rows = trials.to_pylist()
    figure = Figure(figsize=SIZE, dpi=DPI, layout="constrained")
    grid = figure.add_gridspec(2, 2, width_ratios=(2, 1))
    _history(figure.add_subplot(grid[0, 0]), rows, tuned)
    _importances(figure.add_subplot(grid[0, 1]), tuned)
    _parallel(figure.add_subplot(grid[1, :]), rows, tuned)
    figure.savefig(path, format="png")


def _history(axes: Axes, rows: list[dict[str, Any]], tuned: TunedParameters) -> None:
    done = [row for row in rows if row["value"] is not None]
    numbers, values = [row["trial"] for row in done], [row["value"] for row in done]
    axes.scatter(numbers, values, color=DONE, s=22, label="trial", zorder=3)
    best = np.minimum.accumulate(values) if values else values
    axes.step(numbers, best, where="post", color=BEST, linewidth=1.3, label="best so far")
    given_up = [row["trial"] for row in rows if row["value"] is None]
    if given_up:  # at the upper edge: of these it is only known that they are worse
        axes.scatter(
            given_up,
            np.ones(len(given_up)),
            color=GIVEN_UP,
            marker="x",
            s=22,
            label="given up early or failed",
            transform=axes.get_xaxis_transform(),
            clip_on=False,
        )
    axes.set_title(f"{tuned.algorithm}: {tuned.metric} on the tuning window", loc="left", fontweight="bold")
    axes.set_xlabel("trial (0 is the default)")
    axes.legend(frameon=False)
    _plain(axes)


def _importances(axes: Axes, tuned: TunedParameters) -> None:
    axes.set_title("Importance", loc="left", fontweight="bold")
    if not tuned.importances:
        axes.text(
            0.5, 0.5, "the complete trials cannot tell", ha="center", va="center", transform=axes.transAxes
        )
        axes.set_axis_off()
        return
    names = sorted(tuned.importances, key=tuned.importances.__getitem__)
    axes.barh(names, [tuned.importances[name] for name in names], color=DONE)
    axes.set_xlim(0, 1)
    _plain(axes)


def _parallel(axes: Axes, rows: list[dict[str, Any]], tuned: TunedParameters) -> None:
    """A line for each complete trial, across an axis for each parameter."""
    axes.set_title("Parameters of the complete trials", loc="left", fontweight="bold")
    drawn = [(json.loads(row["parameters"]), row["value"]) for row in rows if row["value"] is not None]
    drawn = [pair for pair in drawn if pair[0]]
    if not drawn:
        axes.text(0.5, 0.5, "no other trial is complete", ha="center", va="center", transform=axes.transAxes)
        axes.set_axis_off()
        return
    names = list(drawn[0][0])
    scales = {name: _Scale([parameters[name] for parameters, _ in drawn]) for name in names}
    values = [value for _, value in drawn]
    colours = ScalarMappable(Normalize(min(values), max(values)), COLOURS)
    places = np.arange(len(names))
    for parameters, value in sorted(drawn, key=lambda pair: -pair[1]):  # the best on top
        heights = [scales[name].height(parameters[name]) for name in names]
        axes.plot(places, heights, color=colours.to_rgba(value), marker="o", markersize=4, linewidth=1.2)
    for place, name in enumerate(names):
        axes.axvline(place, color=INK, linewidth=0.8)
        for height, text in scales[name].ticks():
            axes.annotate(
                text,
                (place, height),
                xytext=(6, 0),
                textcoords="offset points",
                fontsize=8,
                va="center",
                bbox=LABEL,
            )
    axes.set_xticks(places, names)
    axes.set_yticks([])
    axes.set_xlim(-0.2, len(names) - 0.4)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.figure.colorbar(colours, ax=axes, label=tuned.metric)


class _Scale:
    """Where texts lie between 0 and 1: numbers by their size, other words in a row."""

    def __init__(self, texts: list[str]) -> None:
        try:
            numbers = [float(text) for text in texts]
        except ValueError:
            self._words = sorted(set(texts))
            self._numbers = None
        else:
            low, high = min(numbers), max(numbers)
            self._words = []
            self._numbers = (low, high, 0 < WIDE * low <= high)

    def height(self, text: str) -> float:
        if self._numbers is None:
            return self._words.index(text) / max(1, len(self._words) - 1)
        low, high, logarithmic = self._numbers
        of = np.log if logarithmic else float
        return float((of(float(text)) - of(low)) / (of(high) - of(low))) if high > low else 0.5

    def ticks(self) -> list[tuple[float, str]]:
        if self._numbers is None:
            return [(self.height(word), word) for word in self._words]
        return [(self.height(str(end)), f"{end:g}") for end in sorted(set(self._numbers[:2]))]


def _plain(axes: Axes) -> None:
    axes.grid(color=INK, alpha=0.12, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
