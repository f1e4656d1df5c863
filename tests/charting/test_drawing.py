"""Charts are PNG pictures of a readable size, whatever the forecast looks like."""

import struct
from pathlib import Path

import numpy as np
import pytest

from stepcast.charting.drawing import draw
from stepcast.charting.series import Charted


def charted(
    title: str = "lamp", horizon: int = 24, outputs: tuple[str, ...] = ("p10", "p50", "p90")
) -> Charted:
    start = np.datetime64("2026-01-01T00:00:00")
    hours = start + np.arange(4 * horizon) * np.timedelta64(3600, "s")
    values = np.arange(horizon, dtype=np.float64)
    return Charted(
        title=title,
        target="demand",
        frequency="H",
        past=hours[: 3 * horizon],
        history=np.tile(values, 3),
        ahead=hours[3 * horizon :],
        outputs={name: values + number for number, name in enumerate(outputs)},
    )


def size(path: Path) -> tuple[int, int]:
    """Width and height from the PNG's header."""
    header = path.read_bytes()[:24]
    assert header[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", header[16:24])  # type: ignore[return-value]


def test_one_item_fills_a_wide_picture(tmp_path: Path) -> None:
    draw([charted()], tmp_path / "chart.png")

    assert size(tmp_path / "chart.png") == (1800, 750)


def test_several_items_stand_in_two_columns(tmp_path: Path) -> None:
    draw([charted() for _ in range(5)], tmp_path / "chart.png")

    assert size(tmp_path / "chart.png") == (2100, 1530)


@pytest.mark.parametrize(
    "outputs", [("p50",), ("mean",), ("p10", "p90"), ("p1", "p10", "p50", "p90", "p99", "mean")]
)
def test_any_outputs_can_be_drawn(tmp_path: Path, outputs: tuple[str, ...]) -> None:
    draw([charted(outputs=outputs)], tmp_path / "chart.png")

    assert size(tmp_path / "chart.png") == (1800, 750)


@pytest.mark.parametrize("title", ["price in $ and $\\frac{", "電球"])
def test_an_item_may_have_any_name(tmp_path: Path, title: str) -> None:
    draw([charted(title)], tmp_path / "chart.png")

    assert size(tmp_path / "chart.png") == (1800, 750)


def test_a_forecast_of_one_period_is_drawn(tmp_path: Path) -> None:
    draw([charted(horizon=1)], tmp_path / "chart.png")

    assert size(tmp_path / "chart.png") == (1800, 750)


def test_holes_in_the_history_are_drawn_as_holes(tmp_path: Path) -> None:
    series = charted()
    series.history[5:40] = np.nan

    draw([series], tmp_path / "chart.png")

    assert size(tmp_path / "chart.png") == (1800, 750)
